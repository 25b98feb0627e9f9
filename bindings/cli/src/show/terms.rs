//! Terms: what may be read, why, how exactly, how often and until when.

use std::io;

use comfy_table::Cell;
use serde_json::{Map, Value as Json, json};
use vault_core::{
    Category, Precision,
    wire::terms::{Delivery, Detail, Duration, Frequency, Terms, TimeRange},
};

use super::{Facts, Page, Screen, Tone, ago, count, counted, heading, local, state};

/// Terms as scripts read them, named as the HTTPS API names them.
pub(crate) fn json(terms: &Terms) -> Json {
    json!({
        "purpose": terms.purpose.code(),
        "authorization_details": terms.details.iter().map(detail_json).collect::<Vec<_>>(),
        "duration": duration_json(terms.duration),
        "data_life": terms.data_life.map(|life| json!({ "unit": "day", "value": life.days })),
        "frequency": terms.frequency.map(|frequency| json!({
            "max_reads": frequency.max_reads,
            "per": frequency.per.name(),
        })),
        "delivery": match terms.delivery {
            Delivery::Server => "server",
            Delivery::Sealed => "sealed",
        },
    })
}

fn detail_json(detail: &Detail) -> Json {
    let coarser = |(path, precision): (&String, &Precision)| {
        (*precision != Precision::Exact).then(|| (path.clone(), Json::from(precision.name())))
    };
    json!({
        "category": detail.category.name(),
        "fields": detail.fields.keys().collect::<Vec<_>>(),
        "precision": detail.fields.iter().filter_map(coarser).collect::<Map<_, _>>(),
        "time_range": {
            "from": detail.time_range.from.map(|at| at.to_string()),
            "to": detail.time_range.to.map(|at| at.to_string()),
        },
    })
}

pub(crate) fn duration_json(duration: Duration) -> Json {
    match duration {
        Duration::OneTime => json!({ "type": "one_time" }),
        Duration::TimeBound(at) => json!({ "type": "time_bound", "expires_at": at.to_string() }),
        Duration::UntilWithdrawn => json!({ "type": "until_withdrawn" }),
    }
}

/// How long, how often, and who can open it, as facts.
pub(crate) fn conditions(facts: Facts, terms: &Terms, screen: &Screen) -> Facts {
    let keep = terms
        .data_life
        .map(|life| format!("{} after it was read", counted(life.days.into(), "day")));
    let opened = match terms.delivery {
        Delivery::Server => "by the server, for the application",
        Delivery::Sealed => "by the application only",
    };
    facts
        .with("For", duration(terms.duration, screen))
        .with("Kept there", keep.unwrap_or_else(|| "no limit is stated".into()))
        .with("How often", terms.frequency.map(frequency).unwrap_or_default())
        .with("Opened", opened)
}

/// How long may be read, in words.
pub(crate) fn duration(duration: Duration, screen: &Screen) -> String {
    match duration {
        Duration::OneTime => "one read".to_owned(),
        Duration::TimeBound(at) => format!("until {} ({})", local(at, screen), ago(at, screen)),
        Duration::UntilWithdrawn => "until you withdraw it".to_owned(),
    }
}

pub(crate) fn frequency(frequency: Frequency) -> String {
    let reads = counted(frequency.max_reads.into(), "read");
    format!("at most {reads} in a {}", frequency.per.name())
}

/// The categories of some terms, in a few words.
pub(crate) fn categories(terms: &Terms) -> String {
    let fields = |detail: &Detail| {
        let fields = counted(detail.fields.len() as u64, "field");
        format!("{} ({fields})", detail.category)
    };
    terms.details.iter().map(fields).collect::<Vec<_>>().join(", ")
}

/// Which records of which time, in words; nothing if all.
pub(crate) fn range(range: TimeRange, screen: &Screen) -> String {
    match (range.from, range.to) {
        (None, None) => "of all times, also those without a time".to_owned(),
        (Some(from), None) => format!("from {} on", local(from, screen)),
        (None, Some(to)) => format!("from before {}", local(to, screen)),
        (Some(from), Some(to)) => format!("from {} to {}", local(from, screen), local(to, screen)),
    }
}

/// What each field is granted, category by category.
pub(crate) fn fields(page: &mut Page<'_>, terms: &Terms) -> io::Result<()> {
    for detail in &terms.details {
        page.gap()?;
        category_title(page, detail.category, detail.time_range)?;
        let rows = detail
            .fields
            .iter()
            .map(|(path, precision)| vec![Cell::new(path), Cell::new(exactness(*precision))]);
        page.table([heading("Field"), heading("Shared").whole()], rows)?;
    }
    Ok(())
}

/// What was asked of each field beside what is agreed to, category by category.
pub(crate) fn fields_beside(page: &mut Page<'_>, asked: &Terms, agreed: &Terms) -> io::Result<()> {
    if asked.details == agreed.details {
        return fields(page, asked);
    }
    for detail in &asked.details {
        page.gap()?;
        let Some(kept) = agreed.detail(detail.category) else {
            page.toned(Tone::Over, &format!("{}: left out", detail.category))?;
            continue;
        };
        category_title(page, detail.category, kept.time_range)?;
        let rows = detail.fields.iter().map(|(path, asked)| {
            let shared = match kept.fields.get(path) {
                Some(precision) => Cell::new(exactness(*precision)),
                None => state(Tone::Over, "not shared"),
            };
            vec![Cell::new(path), Cell::new(exactness(*asked)), shared]
        });
        page.table(
            [
                heading("Field"),
                heading("Asked").whole(),
                heading("Shared").whole(),
            ],
            rows,
        )?;
    }
    Ok(())
}

fn category_title(page: &mut Page<'_>, category: Category, time: TimeRange) -> io::Result<()> {
    let when = range(time, page.screen);
    page.title(&format!("{category}, {when}"))
}

pub(crate) fn exactness(precision: Precision) -> String {
    match precision {
        Precision::Exact => "exactly".to_owned(),
        Precision::Day | Precision::Month | Precision::Year => format!("by {precision}"),
        Precision::Grid100m | Precision::Grid1km | Precision::Grid10km | Precision::Grid100km => {
            format!("to about {}", apart(precision.name()))
        }
    }
}

/// A length with its unit apart: `10 km`.
fn apart(length: &str) -> String {
    let unit = length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len());
    format!("{} {}", &length[..unit], &length[unit..])
}

/// How many records of each category: `40 receipts, 60 locations`.
pub(crate) fn by_category<'c>(counts: impl IntoIterator<Item = (&'c Category, &'c u64)>) -> String {
    let each = |(category, number): (&Category, &u64)| format!("{} {category}", count(*number));
    counts.into_iter().map(each).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{consent_request, screen, shown};

    #[test]
    fn terms_are_named_as_the_api_names_them() {
        let json = json(&consent_request().terms);
        let receipts = &json["authorization_details"][0];
        assert_eq!(receipts["category"], "receipts");
        assert_eq!(receipts["fields"][0], "brand");
        assert_eq!(receipts["precision"], json!({ "purchased_at": "day" }));
        assert_eq!(json["duration"]["type"], "time_bound");
        assert_eq!(json["data_life"], json!({ "unit": "day", "value": 30 }));
        assert_eq!(json["frequency"], json!({ "max_reads": 4, "per": "day" }));
        assert_eq!(json["delivery"], "server");
    }

    #[test]
    fn what_is_left_out_stands_beside_what_was_asked() {
        let asked = consent_request().terms;
        let mut agreed = asked.clone();
        agreed.details.pop();
        agreed.details[0].fields.remove("brand");
        let text = shown(&screen(), |page| fields_beside(page, &asked, &agreed));
        assert!(text.contains("locations: left out"), "{text}");
        let brand = text.lines().find(|line| line.starts_with("brand")).unwrap();
        assert!(
            brand.contains("exactly") && brand.ends_with("not shared"),
            "{text}"
        );
        assert!(text.contains("by day"), "{text}");
    }

    #[test]
    fn coordinates_are_shared_to_about_a_length() {
        assert_eq!(exactness(Precision::Grid10km), "to about 10 km");
        assert_eq!(exactness(Precision::Grid100m), "to about 100 m");
    }
}
