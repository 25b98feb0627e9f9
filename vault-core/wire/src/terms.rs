//! The terms of a grant: what may be read, why, how exactly, how often and until when.

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
    /// What, one entry a category.
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

    fn within(&self, other: &Self) -> bool {
        let starts_within = other
            .from
            .is_none_or(|theirs| self.from.is_some_and(|ours| ours >= theirs));
        let ends_within = other
            .to
            .is_none_or(|theirs| self.to.is_some_and(|ours| ours <= theirs));
        starts_within && ends_within
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

    fn within(self, other: Self) -> bool {
        match (self, other) {
            (Self::OneTime, Self::OneTime | Self::UntilWithdrawn) => true,
            (Self::TimeBound(_) | Self::UntilWithdrawn, Self::UntilWithdrawn) => true,
            (Self::TimeBound(ours), Self::TimeBound(theirs)) => ours <= theirs,
            _ => false,
        }
    }
}

impl Frequency {
    fn within(self, other: Self) -> bool {
        self.max_reads <= other.max_reads && self.per >= other.per
    }
}

impl Detail {
    fn within(&self, other: &Self) -> bool {
        self.category == other.category
            && self.time_range.within(&other.time_range)
            && self
                .fields
                .iter()
                .all(|(path, ours)| other.fields.get(path).is_some_and(|theirs| ours.at_most(*theirs)))
    }
}

impl Terms {
    /// Whether these terms allow nothing that `other` does not: the rule for every decision and
    /// every narrowing.
    pub fn within(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.delivery == other.delivery
            && self.duration.within(other.duration)
            && bounded(
                self.data_life.map(|l| l.days),
                other.data_life.map(|l| l.days),
                |ours, theirs| ours <= theirs,
            )
            && bounded(self.frequency, other.frequency, Frequency::within)
            && self.details.iter().all(|ours| {
                other
                    .detail(ours.category)
                    .is_some_and(|theirs| ours.within(theirs))
            })
    }

    /// What the terms say of one category.
    pub fn detail(&self, category: Category) -> Option<&Detail> {
        self.details.iter().find(|detail| detail.category == category)
    }

    /// Whether the terms make sense by themselves: known fields at precisions that the catalogue
    /// offers, each category once, everything within limits. Bytes from outside pass here first.
    pub fn well_formed(&self) -> bool {
        let each_once = self
            .details
            .iter()
            .enumerate()
            .all(|(at, d)| self.details[..at].iter().all(|e| e.category != d.category));
        (1..=limits::DETAILS_MAX).contains(&self.details.len())
            && each_once
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

/// Whether ours is bounded where theirs is, and at least as tightly.
fn bounded<T>(ours: Option<T>, theirs: Option<T>, within: impl Fn(T, T) -> bool) -> bool {
    match (ours, theirs) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(ours), Some(theirs)) => within(ours, theirs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn asked() -> Terms {
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
    fn what_was_asked_is_within_itself() {
        assert!(asked().within(&asked()) && asked().well_formed());
    }

    #[test]
    fn fewer_fields_coarser_precision_and_a_shorter_time_are_within() {
        let mut narrowed = asked();
        narrowed.details[0].fields.remove("brand");
        narrowed.details[0]
            .fields
            .insert("purchased_at".into(), Precision::Month);
        narrowed.details[0].time_range = TimeRange {
            from: Some(at(2_000)),
            to: Some(at(3_000)),
        };
        narrowed.duration = Duration::TimeBound(at(8_000));
        narrowed.frequency = Some(Frequency {
            max_reads: 4,
            per: Period::Week,
        });
        assert!(narrowed.within(&asked()));
        assert!(!asked().within(&narrowed));
    }

    #[test]
    fn each_single_widening_is_seen() {
        let widenings: [fn(&mut Terms); 9] = [
            |t| t.purpose = Purpose::Marketing,
            |t| {
                t.details[0].fields.insert("total_cost".into(), Precision::Exact);
            },
            |t| {
                t.details[0]
                    .fields
                    .insert("purchased_at".into(), Precision::Exact);
            },
            |t| t.details[0].time_range.from = None,
            |t| t.duration = Duration::UntilWithdrawn,
            |t| t.duration = Duration::OneTime,
            |t| t.data_life = None,
            |t| {
                t.frequency = Some(Frequency {
                    max_reads: 4,
                    per: Period::Hour,
                });
            },
            |t| t.delivery = Delivery::Sealed,
        ];
        for (number, widen) in widenings.iter().enumerate() {
            let mut wider = asked();
            widen(&mut wider);
            assert!(!wider.within(&asked()), "widening {number}");
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
    fn one_read_without_an_end_is_not_within_a_time() {
        let within = |ours: Duration, theirs: Duration| ours.within(theirs);
        let (one, open) = (Duration::OneTime, Duration::UntilWithdrawn);
        let (short, long) = (Duration::TimeBound(at(1)), Duration::TimeBound(at(2)));
        assert!(within(one, open) && within(short, open) && within(short, long));
        assert!(!within(one, short) && !within(short, one) && !within(open, one));
        assert!(!within(open, long) && !within(long, short));
    }

    #[test]
    fn fewer_reads_in_a_longer_time_are_within_and_no_other_change_is() {
        let within = |ours: (u32, Period), theirs: (u32, Period)| {
            let frequency = |(max_reads, per)| Frequency { max_reads, per };
            frequency(ours).within(frequency(theirs))
        };
        let four_a_day = (4, Period::Day);
        assert!(within((3, Period::Day), four_a_day) && within((4, Period::Month), four_a_day));
        assert!(!within((5, Period::Month), four_a_day) && !within((1, Period::Hour), four_a_day));
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
