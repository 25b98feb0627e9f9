//! The terms of a grant: what may be read, why, how exactly, how often and until when.

mod order;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Category, Precision},
    limits,
    purpose::Purpose,
    time::Timestamp,
};

/// What a consent request asks for and what a grant allows. One type for both, so that "no more
/// than was asked" is one comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Why.
    pub purpose: Purpose,
    /// What, one entry a category, categories rising.
    pub details: Vec<Detail>,
    /// How long the developer may read.
    pub duration: Duration,
    /// How long the developer may keep what it has read.
    pub data_life: Option<DataLife>,
    /// How often the developer may read.
    pub frequency: Option<Frequency>,
    /// Who can open the entries.
    pub delivery: Delivery,
}

/// One category of the terms (RFC 9396 authorization details).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Which data.
    pub category: Category,
    /// Which leaves of it, and how exactly.
    pub fields: BTreeMap<String, Precision>,
    /// Records of which time.
    pub time_range: TimeRange,
}

/// A range of `occurred_at`, from inclusive to exclusive; open where nothing is named. A record
/// without a time lies only in the range that is open on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first moment within.
    pub from: Option<Timestamp>,
    /// The first moment no longer within.
    pub to: Option<Timestamp>,
}

/// How long a developer may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Duration {
    /// One read.
    OneTime,
    /// Until a moment.
    TimeBound(Timestamp),
    /// Until the subject withdraws; to be confirmed again every 12 months.
    UntilWithdrawn,
}

/// How long a developer may keep what it has read (ReBIT data life).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataLife {
    /// Days, 1 to 36 500.
    pub days: u32,
}

/// At most so many reads in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frequency {
    /// Reads in one period, at least 1.
    pub max_reads: u32,
    /// The period.
    pub per: Period,
}

/// A period of frequency, counted back from the read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Period {
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

/// Who can open the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// The server opens them for the developer.
    Server,
    /// Only the developer can.
    Sealed,
}

impl Period {
    /// Every period, the shortest first.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Its name: `hour`, `day`, `week` or `month`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// Its length in milliseconds.
    pub const fn ms(self) -> i64 {
        const HOUR: i64 = 3_600_000;
        match self {
            Self::Hour => HOUR,
            Self::Day => 24 * HOUR,
            Self::Week => 7 * 24 * HOUR,
            Self::Month => 30 * 24 * HOUR,
        }
    }
}

impl TimeRange {
    /// Whether a record of that time lies within.
    pub fn contains(&self, occurred_at: Option<Timestamp>) -> bool {
        match occurred_at {
            Some(at) => self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to),
            None => self.from.is_none() && self.to.is_none(),
        }
    }
}

impl DataLife {
    /// Until when what was read at `at` may be kept.
    pub const fn ends_at(self, at: Timestamp) -> Timestamp {
        at.plus_ms(self.days as i64 * 86_400_000)
    }
}

impl Duration {
    /// When reading ends by itself, if a moment is fixed.
    pub const fn expires_at(self) -> Option<Timestamp> {
        match self {
            Self::TimeBound(at) => Some(at),
            Self::OneTime | Self::UntilWithdrawn => None,
        }
    }

    /// When reading ends by itself for a grant that was given or last confirmed at `since`: a grant
    /// `until_withdrawn` lapses after [`limits::RECONFIRM_MS`].
    pub const fn ends_at(self, since: Timestamp) -> Option<Timestamp> {
        match self {
            Self::OneTime => None,
            Self::TimeBound(at) => Some(at),
            Self::UntilWithdrawn => Some(since.plus_ms(limits::RECONFIRM_MS)),
        }
    }
}

impl Terms {
    /// What the terms say of one category.
    pub fn detail(&self, category: Category) -> Option<&Detail> {
        self.details.iter().find(|detail| detail.category == category)
    }

    /// Whether the terms make sense by themselves: known fields at precisions that the catalogue
    /// offers, categories rising, everything within limits. Bytes from outside pass here first.
    pub fn well_formed(&self) -> bool {
        let in_order = self
            .details
            .windows(2)
            .all(|pair| pair[0].category < pair[1].category);
        (1..=limits::DETAILS_MAX).contains(&self.details.len())
            && in_order
            && self.details.iter().all(Detail::well_formed)
            && self
                .data_life
                .is_none_or(|life| (1..=36_500).contains(&life.days))
            && self.frequency.is_none_or(|frequency| frequency.max_reads > 0)
    }
}

impl Detail {
    fn well_formed(&self) -> bool {
        let spec = self.category.spec();
        let ordered = match (self.time_range.from, self.time_range.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        ordered
            && (1..=limits::FIELDS_MAX).contains(&self.fields.len())
            && self
                .fields
                .iter()
                .all(|(path, precision)| spec.precisions(path).contains(precision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    pub(super) fn asked() -> Terms {
        Terms {
            purpose: Purpose::Personalisation,
            details: vec![Detail {
                category: Category::Receipts,
                fields: [("brand", Precision::Exact), ("purchased_at", Precision::Day)]
                    .map(|(path, precision)| (path.to_owned(), precision))
                    .into(),
                time_range: TimeRange {
                    from: Some(at(1_000)),
                    to: None,
                },
            }],
            duration: Duration::TimeBound(at(9_000)),
            data_life: Some(DataLife { days: 30 }),
            frequency: Some(Frequency {
                max_reads: 4,
                per: Period::Day,
            }),
            delivery: Delivery::Server,
        }
    }

    #[test]
    fn only_leaves_are_granted_never_a_parent_that_later_leaves_could_join() {
        let mut terms = asked();
        terms.details[0]
            .fields
            .insert("purchase_location.city".into(), Precision::Exact);
        assert!(terms.well_formed());
        terms.details[0]
            .fields
            .insert("purchase_location".into(), Precision::Exact);
        assert!(!terms.well_formed());
    }

    #[test]
    fn a_range_with_an_end_holds_no_record_without_a_time() {
        let open = TimeRange::default();
        let since = TimeRange {
            from: Some(at(5)),
            to: None,
        };
        assert!(open.contains(None) && !since.contains(None));
        assert!(since.contains(Some(at(5))) && !since.contains(Some(at(4))));
        let until = TimeRange {
            from: None,
            to: Some(at(5)),
        };
        assert!(until.contains(Some(at(4))) && !until.contains(Some(at(5))));
    }

    #[test]
    fn unknown_fields_impossible_precisions_and_repeated_categories_are_not_well_formed() {
        let spoil: [fn(&mut Terms); 5] = [
            |t| {
                t.details[0].fields.insert("shoe_size".into(), Precision::Exact);
            },
            |t| {
                t.details[0].fields.insert("brand".into(), Precision::Grid1km);
            },
            |t| t.details.push(t.details[0].clone()),
            |t| t.details.clear(),
            |t| t.details[0].time_range.to = Some(at(500)),
        ];
        for (number, spoil) in spoil.iter().enumerate() {
            let mut terms = asked();
            spoil(&mut terms);
            assert!(!terms.well_formed(), "case {number}");
        }
    }
}
