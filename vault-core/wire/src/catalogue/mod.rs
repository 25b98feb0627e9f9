//! The category catalogue: which data there is, and how coarse each field may be made.
//!
//! It lives here so that a vault, which projects, and a server, which checks what arrives, cannot
//! disagree. Fields are leaves with dotted paths (`purchase_location.city`); a parent path stands
//! for all its leaves.

mod builtin;
mod precision;
mod reduce;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use precision::Precision;

/// A kind of data. Append-only: the order of variants is part of the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Category {
    /// Receipts and transactions.
    Receipts,
    /// Health and wellness.
    Health,
    /// Brand cards, loyalty programmes and memberships.
    Cards,
    /// How the user engages with applications.
    AppUsage,
    /// Where the user was.
    Locations,
    /// Pages that the user visited.
    Browsing,
    /// Answers to surveys; platform-collected.
    Surveys,
    /// Interactions with embedded buttons; platform-collected.
    ButtonEvents,
    /// Usage metrics of integrations; platform-collected.
    UsageMetrics,
    /// Views computed on the device from other categories.
    Summaries,
}

/// A category name that the catalogue does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown category; the catalogue has {}", names())]
pub struct UnknownCategory;

fn names() -> String {
    Category::ALL.map(Category::name).join(", ")
}

/// Whose initiative brings data of a category into the vault. The user owns both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user puts it there.
    UserOwned,
    /// The platform collects it, once the user opts in.
    PlatformCollected,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Free text.
    Text,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// A measured quantity; its unit (UCUM) stands in the field's documentation or beside it.
    Float,
    /// A three-letter ISO 4217 code, `XXX` when unknown.
    Currency,
    /// A two-letter ISO 3166-1 code.
    Country,
    /// A latitude in WGS 84 degrees.
    Latitude,
    /// A longitude in WGS 84 degrees.
    Longitude,
    /// A moment.
    Time,
    /// Several values.
    List,
}

impl Kind {
    /// What is expected of a value, in words: for whoever gave another.
    pub fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Integer => "a whole number".to_owned(),
            Self::Decimal => "a decimal number such as 1234.50".to_owned(),
            Self::Float => "a number such as 12.5".to_owned(),
            Self::Currency => "an ISO 4217 code such as EUR".to_owned(),
            Self::Country => "an ISO 3166-1 code of two letters such as SI".to_owned(),
            Self::Latitude => "a latitude from -90 to 90 degrees".to_owned(),
            Self::Longitude => "a longitude from -180 to 180 degrees".to_owned(),
            Self::Time => "a time such as 2026-11-21T08:30:00Z".to_owned(),
            Self::List => "a list".to_owned(),
        }
    }
}

/// One field of a category.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its dotted path.
    pub path: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means, in one line.
    pub about: &'static str,
}

/// One category of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Which one.
    pub category: Category,
    /// Its name in the API and in commands.
    pub name: &'static str,
    /// The name in paths of the HTTPS API.
    pub path: &'static str,
    /// Who brings it.
    pub origin: Origin,
    /// Whether collecting it needs a confirmation of its own.
    pub sensitive: bool,
    /// The name under which a record's `occurred_at` is granted and read.
    pub time_field: &'static str,
    /// Every other field.
    pub fields: &'static [Field],
    /// What it is, in one line.
    pub about: &'static str,
}

impl Category {
    /// Every category, in the order of the wire format.
    pub const ALL: [Self; 10] = [
        Self::Receipts,
        Self::Health,
        Self::Cards,
        Self::AppUsage,
        Self::Locations,
        Self::Browsing,
        Self::Surveys,
        Self::ButtonEvents,
        Self::UsageMetrics,
        Self::Summaries,
    ];

    /// Its entry in the catalogue.
    pub const fn spec(self) -> &'static Spec {
        &builtin::CATALOGUE[self as usize]
    }

    /// Its name in the API and in commands, for example `app_usage`.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The category behind a path segment of the HTTPS API, for example `app-usage`.
    pub fn from_path(segment: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|c| c.spec().path == segment)
            .ok_or(UnknownCategory)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|c| c.name() == text)
            .ok_or(UnknownCategory)
    }
}

impl Spec {
    /// Every grantable path with its kind, the time field first.
    pub fn leaves(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        std::iter::once((self.time_field, Kind::Time)).chain(self.fields.iter().map(|f| (f.path, f.kind)))
    }

    /// The kind of one grantable leaf.
    pub fn kind_of(&self, path: &str) -> Option<Kind> {
        self.leaves()
            .find(|(leaf, _)| *leaf == path)
            .map(|(_, kind)| kind)
    }

    /// The leaves that a path stands for: itself, or all below it. Empty if there is no such path.
    pub fn expand(&self, path: &str) -> Vec<&'static str> {
        let below = |leaf: &str| {
            leaf.strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.leaves()
            .map(|(leaf, _)| leaf)
            .filter(|leaf| below(leaf))
            .collect()
    }

    /// How coarse a leaf may be granted, finest first.
    pub fn precisions(&self, path: &str) -> &'static [Precision] {
        match self.kind_of(path) {
            Some(Kind::Time) => &[
                Precision::Exact,
                Precision::Day,
                Precision::Month,
                Precision::Year,
            ],
            Some(Kind::Latitude | Kind::Longitude) => &[
                Precision::Exact,
                Precision::Grid100m,
                Precision::Grid1km,
                Precision::Grid10km,
                Precision::Grid100km,
            ],
            Some(_) => &[Precision::Exact],
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_finds_its_own_entry_by_index_name_and_path() {
        for category in Category::ALL {
            let spec = category.spec();
            assert_eq!(spec.category, category);
            assert_eq!(spec.name.parse(), Ok(category));
            assert_eq!(Category::from_path(spec.path), Ok(category));
        }
    }

    #[test]
    fn no_category_names_a_field_twice() {
        for category in Category::ALL {
            let mut paths: Vec<_> = category.spec().leaves().map(|(path, _)| path).collect();
            paths.sort_unstable();
            let count = paths.len();
            paths.dedup();
            assert_eq!(paths.len(), count, "{category}");
        }
    }

    #[test]
    fn a_parent_path_stands_for_its_leaves_and_no_sibling() {
        let spec = Category::Receipts.spec();
        assert_eq!(spec.expand("purchase_location").len(), 5);
        assert_eq!(spec.expand("brand"), ["brand"], "not brand_category");
        assert!(spec.expand("purchase").is_empty());
    }

    #[test]
    fn an_unknown_category_names_those_there_are() {
        let error = "recipes".parse::<Category>().unwrap_err().to_string();
        assert!(error.contains("receipts") && error.contains("app_usage"));
    }
}
