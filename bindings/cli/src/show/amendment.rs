//! What a request would change in a running grant.

use std::io;

use serde_json::{Value as Json, json};
use vault_core::{
    Amendment, Change, Precision,
    wire::{
        request::Required,
        terms::{DataLife, Delivery, Frequency},
    },
};

use super::{Page, Screen, Tone, counted, terms};
use crate::find::short;

/// The changes as scripts read them.
pub(crate) fn json(amendment: &Amendment) -> Json {
    json!({
        "grant_id": amendment.grant.to_string(),
        "wider": amendment.wider.iter().map(change_json).collect::<Vec<_>>(),
        "narrower": amendment.narrower.iter().map(change_json).collect::<Vec<_>>(),
        "narrowed": amendment.narrowed.as_ref().map(terms::json),
    })
}

fn change_json(change: &Change) -> Json {
    let precision = |precision: &Option<Precision>| precision.map(Precision::name);
    let range = |range: &vault_core::wire::terms::TimeRange| json!({ "from": range.from.map(|at| at.to_string()), "to": range.to.map(|at| at.to_string()) });
    let days = |life: &Option<DataLife>| life.map(|life| life.days);
    let often = |frequency: &Option<Frequency>| frequency.map(terms::frequency);
    match change {
        Change::Purpose { from, to } => json!({ "what": "purpose", "from": from, "to": to }),
        Change::Field {
            category,
            path,
            from,
            to,
        } => json!({
            "what": "field",
            "category": category.name(),
            "field": path,
            "from": precision(from),
            "to": precision(to),
        }),
        Change::TimeRange { category, from, to } => json!({
            "what": "time_range",
            "category": category.name(),
            "from": range(from),
            "to": range(to),
        }),
        Change::Duration { from, to } => json!({
            "what": "duration",
            "from": terms::duration_json(*from),
            "to": terms::duration_json(*to),
        }),
        Change::DataLife { from, to } => {
            json!({ "what": "data_life_days", "from": days(from), "to": days(to) })
        }
        Change::Frequency { from, to } => {
            json!({ "what": "frequency", "from": often(from), "to": often(to) })
        }
        Change::Delivery { from, to } => {
            json!({ "what": "delivery", "from": delivery(*from), "to": delivery(*to) })
        }
    }
}

/// The changes as a person reads them: first what is wider.
pub(crate) fn write(page: &mut Page<'_>, amendment: &Amendment) -> io::Result<()> {
    let screen = page.screen;
    page.gap()?;
    page.title(&format!(
        "What it would change in your grant {}",
        short(&amendment.grant)
    ))?;
    for change in &amendment.wider {
        page.toned(Tone::Waiting, &format!("+ {}", sentence(change, screen)))?;
    }
    for change in &amendment.narrower {
        page.toned(Tone::Good, &format!("- {}", sentence(change, screen)))?;
    }
    match (amendment.wider.is_empty(), amendment.narrower.is_empty()) {
        (true, true) => page.line("Nothing: it asks for what the grant has."),
        (_, true) => page.line("If you approve, a new grant takes the place of this one."),
        (_, false) => page.line(&format!(
            "If you approve, a new grant takes the place of this one. To take over only what is less: \
             `vault narrow {} --as-asked REQUEST`.",
            short(&amendment.grant)
        )),
    }
}

/// The required fields as scripts read them.
pub(crate) fn required_json(required: &[Required]) -> Json {
    required
        .iter()
        .map(|of| (of.category.name().to_owned(), json!(of.fields)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Says without which fields the application wants no answer.
pub(crate) fn required(page: &mut Page<'_>, required: &[Required]) -> io::Result<()> {
    if required.is_empty() {
        return Ok(());
    }
    let each = |of: &Required| format!("{} of {}", of.fields.join(", "), of.category);
    let all: Vec<_> = required.iter().map(each).collect();
    page.gap()?;
    page.toned(
        Tone::Waiting,
        &format!("The application wants no answer without {}.", all.join("; ")),
    )
}

fn sentence(change: &Change, screen: &Screen) -> String {
    let shared = |precision: &Option<Precision>| match precision {
        None => "not shared".to_owned(),
        Some(precision) => format!("shared {}", terms::exactness(*precision)),
    };
    match change {
        Change::Purpose { from, to } => format!("purpose: {from} becomes {to}"),
        Change::Field {
            category,
            path,
            from,
            to,
        } => format!("{path} of {category}: {}, was {}", shared(to), shared(from)),
        Change::TimeRange { category, from, to } => format!(
            "{category}: records {}, was {}",
            terms::range(*to, screen),
            terms::range(*from, screen)
        ),
        Change::Duration { from, to } => format!(
            "for how long: {}, was {}",
            terms::duration(*to, screen),
            terms::duration(*from, screen)
        ),
        Change::DataLife { from, to } => format!("kept there: {}, was {}", kept(*to), kept(*from)),
        Change::Frequency { from, to } => format!("how often: {}, was {}", often(*to), often(*from)),
        Change::Delivery { from, to } => format!("opened by {}, was {}", delivery(*to), delivery(*from)),
    }
}

fn kept(life: Option<DataLife>) -> String {
    life.map_or_else(
        || "without limit".to_owned(),
        |life| counted(life.days.into(), "day"),
    )
}

fn often(frequency: Option<Frequency>) -> String {
    frequency.map_or_else(|| "as often as it likes".to_owned(), terms::frequency)
}

const fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Server => "server",
        Delivery::Sealed => "sealed",
    }
}

#[cfg(test)]
mod tests {
    use vault_core::{GrantId, wire::terms::Duration};

    use super::*;
    use crate::show::samples::{consent_request, screen, shown};

    #[test]
    fn what_is_wider_comes_before_what_is_narrower() {
        let running = consent_request().terms;
        let mut asked = running.clone();
        asked.duration = Duration::UntilWithdrawn;
        asked.details[0].fields.remove("brand");
        let amendment = Amendment::between(GrantId([4; 16]), &running, &asked);
        let text = shown(&screen(), |page| write(page, &amendment));
        let (wider, narrower) = (
            text.find("+ for how long").unwrap(),
            text.find("- brand of receipts").unwrap(),
        );
        assert!(wider < narrower, "{text}");
        assert!(text.contains("not shared, was shared exactly"), "{text}");
        assert!(text.contains("--as-asked"), "{text}");
        let json = json(&amendment);
        assert_eq!(json["wider"][0]["what"], "duration");
        assert_eq!(json["narrower"][0]["field"], "brand");
        assert_eq!(json["narrowed"]["duration"]["type"], "time_bound");
    }
}
