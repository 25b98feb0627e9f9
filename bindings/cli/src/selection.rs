//! The options by which an owner agrees to less than was asked, or leaves a grant less than it has.

use std::str::FromStr;

use clap::Args;
use vault_core::{
    Category, Grant, Precision, Selection, wire::request::ConsentRequest, wire::terms::TimeRange,
};

use crate::{arguments::category, failure::Failure, moment::Moment, show::Screen};

/// What to leave out; without any of these, nothing.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Share less")]
pub(crate) struct SelectionOptions {
    /// Share only these fields of a category; a parent such as purchase_location stands for all below it
    #[arg(long, value_name = "CATEGORY=FIELD,FIELD")]
    only: Vec<OnlyFields>,
    /// Leave a category out
    #[arg(long, value_name = "CATEGORY", value_parser = category(), hide_possible_values = true)]
    without: Vec<Category>,
    /// Share a field less exactly: day, month or year of times, 100m, 1km, 10km or 100km of coordinates;
    /// CATEGORY=PRECISION does so for every field that can be
    #[arg(long, value_name = "CATEGORY.FIELD=PRECISION")]
    precision: Vec<FieldPrecision>,
    /// End the grant at this time; +30d is 30 days from now
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Share only records of this time or later
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Share only records from before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
}

/// `CATEGORY=FIELD,FIELD`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OnlyFields {
    category: Category,
    paths: Vec<String>,
}

/// `CATEGORY.FIELD=PRECISION`, or `CATEGORY=PRECISION`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldPrecision {
    category: Category,
    path: Option<String>,
    precision: Precision,
}

impl SelectionOptions {
    /// What of a request the owner agrees to.
    pub(crate) fn of(&self, request: &ConsentRequest, screen: &Screen) -> Result<Selection, Failure> {
        self.applied_to(Selection::everything(request), screen)
    }

    /// What of a running grant the owner leaves.
    pub(crate) fn of_grant(&self, grant: &Grant, screen: &Screen) -> Result<Selection, Failure> {
        self.applied_to(Selection::all_of(grant), screen)
    }

    fn applied_to(&self, mut selection: Selection, screen: &Screen) -> Result<Selection, Failure> {
        for category in &self.without {
            selection = selection.without(*category)?;
        }
        for OnlyFields { category, paths } in &self.only {
            let paths: Vec<_> = paths.iter().map(String::as_str).collect();
            selection = selection.only_fields(*category, &paths)?;
        }
        for precision in &self.precision {
            selection = precision.apply(selection)?;
        }
        let moment = |moment: Option<Moment>| moment.map(|moment| screen.moment(moment)).transpose();
        let range = TimeRange {
            from: moment(self.from)?,
            to: moment(self.to)?,
        };
        if range != TimeRange::default() {
            let kept: Vec<_> = selection
                .terms()
                .details
                .iter()
                .map(|detail| detail.category)
                .collect();
            for category in kept {
                selection = selection.within_time(category, range)?;
            }
        }
        match moment(self.until)? {
            Some(until) => Ok(selection.until(until)?),
            None => Ok(selection),
        }
    }
}

impl FieldPrecision {
    fn apply(&self, mut selection: Selection) -> Result<Selection, Failure> {
        let Self {
            category,
            path,
            precision,
        } = self;
        let spec = category.spec();
        if let Some(leaf) = path.as_deref().filter(|path| spec.kind_of(path).is_some()) {
            return Ok(selection.at_precision(*category, leaf, *precision)?);
        }
        let leaves = self.leaves_that_can_be_coarser(&selection);
        if leaves.is_empty() {
            return Err(Failure::Usage(format!(
                "nothing that is asked of {} can be shared by {precision}",
                path.as_deref().unwrap_or(category.name())
            )));
        }
        for leaf in leaves {
            selection = selection.at_precision(*category, &leaf, *precision)?;
        }
        Ok(selection)
    }

    fn leaves_that_can_be_coarser(&self, selection: &Selection) -> Vec<String> {
        let spec = self.category.spec();
        let below = self.path.as_deref().map(|path| spec.expand(path));
        let asked = selection.terms().detail(self.category).into_iter();
        asked
            .flat_map(|detail| &detail.fields)
            .filter(|(leaf, _)| below.as_ref().is_none_or(|below| below.contains(&leaf.as_str())))
            .filter(|(leaf, _)| spec.precisions(leaf).contains(&self.precision))
            .filter(|(_, asked)| self.precision.at_most(**asked))
            .map(|(leaf, _)| leaf.clone())
            .collect()
    }
}

impl FromStr for OnlyFields {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (category, fields) = text
            .split_once('=')
            .ok_or("write CATEGORY=FIELD,FIELD, for example receipts=brand,total_cost")?;
        let category: Category = parsed(category)?;
        let paths: Vec<_> = fields.split(',').map(|path| path.trim().to_owned()).collect();
        let spec = category.spec();
        match paths.iter().find(|path| spec.expand(path).is_empty()) {
            None => Ok(Self { category, paths }),
            Some(unknown) => Err(no_such_field(category, unknown)),
        }
    }
}

impl FromStr for FieldPrecision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, precision) = text
            .rsplit_once('=')
            .ok_or("write CATEGORY.FIELD=PRECISION, for example receipts.purchased_at=day")?;
        let (category, path) = match what.split_once('.') {
            Some((category, path)) => (category, Some(path.to_owned())),
            None => (what, None),
        };
        let category: Category = parsed(category)?;
        match &path {
            Some(path) if category.spec().expand(path).is_empty() => Err(no_such_field(category, path)),
            _ => Ok(Self {
                category,
                path,
                precision: parsed(precision)?,
            }),
        }
    }
}

fn parsed<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|error: T::Err| error.to_string())
}

fn no_such_field(category: Category, path: &str) -> String {
    let known: Vec<_> = category.spec().leaves().map(|(leaf, _)| leaf).collect();
    format!("{category} has no field {path:?}; it has {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use vault_core::wire::terms::Duration;

    use super::*;
    use crate::show::samples::{consent_request, screen};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: SelectionOptions,
    }

    fn selected(arguments: &[&str]) -> Result<Selection, Failure> {
        let line = Line::try_parse_from(["approve"].iter().chain(arguments)).unwrap();
        line.options.of(&consent_request(), &screen())
    }

    fn refused(arguments: &[&str]) -> String {
        match Line::try_parse_from(["approve"].iter().chain(arguments)) {
            Ok(_) => panic!("accepted: {arguments:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn without_options_all_that_is_asked_is_meant() {
        assert_eq!(selected(&[]).unwrap(), Selection::everything(&consent_request()));
    }

    #[test]
    fn fields_and_categories_are_left_out() {
        let selection = selected(&[
            "--only",
            "receipts=brand,purchase_location",
            "--without",
            "locations",
        ]);
        let terms = selection.unwrap().terms().clone();
        assert_eq!(terms.details.len(), 1);
        let fields: Vec<_> = terms.details[0].fields.keys().map(String::as_str).collect();
        assert_eq!(fields, ["brand", "purchase_location.city"]);
    }

    #[test]
    fn one_precision_can_stand_for_every_field_that_has_it() {
        let terms = selected(&["--precision", "locations=10km"])
            .unwrap()
            .terms()
            .clone();
        let fields = &terms.detail(Category::Locations).unwrap().fields;
        assert_eq!(fields["lat"], Precision::Grid10km);
        assert_eq!(fields["lon"], Precision::Grid10km);
        assert_eq!(fields["observed_at"], Precision::Exact);
    }

    #[test]
    fn one_field_is_made_coarser() {
        let terms = selected(&["--precision", "receipts.purchased_at=month"])
            .unwrap()
            .terms()
            .clone();
        let fields = &terms.detail(Category::Receipts).unwrap().fields;
        assert_eq!(fields["purchased_at"], Precision::Month);
    }

    #[test]
    fn times_narrow_every_category() {
        let terms = selected(&["--from", "2026-03-01", "--to", "2026-04-01", "--until", "+7d"]);
        let terms = terms.unwrap().terms().clone();
        let at = |text: &str| Some(text.parse().unwrap());
        for detail in &terms.details {
            assert_eq!(detail.time_range.from, at("2026-03-01T00:00:00Z"));
            assert_eq!(detail.time_range.to, at("2026-04-01T00:00:00Z"));
        }
        assert_eq!(
            terms.duration,
            Duration::TimeBound(screen().now().plus_ms(7 * 86_400_000))
        );
    }

    #[test]
    fn more_than_was_asked_is_refused() {
        for arguments in [
            ["--only", "receipts=items"],
            ["--without", "health"],
            ["--precision", "receipts.purchased_at=exact"],
            ["--precision", "receipts.brand=day"],
            ["--until", "+900d"],
        ] {
            let failure = selected(&arguments).unwrap_err();
            assert_eq!(failure.code(), "invalid_selection", "{arguments:?}: {failure}");
        }
    }

    #[test]
    fn a_precision_that_fits_nothing_is_refused() {
        let failure = selected(&["--precision", "receipts=1km"]).unwrap_err();
        assert_eq!(failure.code(), "usage", "{failure}");
    }

    #[test]
    fn what_the_catalogue_does_not_have_is_refused_with_what_it_has() {
        assert!(refused(&["--only", "recipes=brand"]).contains("receipts"));
        assert!(refused(&["--only", "receipts=colour"]).contains("total_cost"));
        assert!(refused(&["--only", "receipts"]).contains("receipts=brand"));
        assert!(refused(&["--precision", "receipts.colour=day"]).contains("brand"));
        assert!(refused(&["--precision", "receipts.purchased_at=hour"]).contains("month"));
    }
}
