//! The order of terms: which allow no more than others, and what two allow alike. Every decision,
//! every narrowing and every amendment is judged by it.

use std::collections::BTreeMap;

use super::{DataLife, Detail, Duration, Frequency, Terms, TimeRange};

impl Terms {
    /// Whether these terms allow nothing that `other` does not: the rule for every decision and
    /// every narrowing. A partial order on well-formed terms.
    pub fn within(&self, other: &Self) -> bool {
        self.purpose == other.purpose
            && self.delivery == other.delivery
            && self.duration.within(other.duration)
            && self.keeps_within(other)
            && self.details.iter().all(|ours| {
                other
                    .detail(ours.category)
                    .is_some_and(|theirs| ours.within(theirs))
            })
    }

    /// The widest terms that are within both, if there are any: what is left when both hold.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if self.purpose != other.purpose || self.delivery != other.delivery {
            return None;
        }
        let details: Vec<_> = self
            .details
            .iter()
            .filter_map(|ours| ours.meet(other.detail(ours.category)?))
            .collect();
        let met = Self {
            purpose: self.purpose,
            details,
            duration: self.duration.meet(other.duration)?,
            data_life: tighter(self.data_life, other.data_life, |ours, theirs| DataLife {
                days: ours.days.min(theirs.days),
            }),
            frequency: tighter(self.frequency, other.frequency, Frequency::meet),
            delivery: self.delivery,
        };
        (!met.details.is_empty()).then_some(met)
    }

    fn keeps_within(&self, other: &Self) -> bool {
        bounded(self.data_life, other.data_life, |ours, theirs| {
            ours.days <= theirs.days
        }) && bounded(self.frequency, other.frequency, Frequency::within)
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

    fn meet(&self, other: &Self) -> Option<Self> {
        let time_range = self.time_range.meet(&other.time_range)?;
        let fields: BTreeMap<_, _> = self
            .fields
            .iter()
            .filter_map(|(path, ours)| {
                let theirs = other.fields.get(path)?;
                let coarser = [ours, theirs]
                    .into_iter()
                    .find(|one| one.at_most(*ours) && one.at_most(*theirs))?;
                Some((path.clone(), *coarser))
            })
            .collect();
        (!fields.is_empty()).then_some(Self {
            category: self.category,
            fields,
            time_range,
        })
    }
}

impl TimeRange {
    /// Whether every record of this range lies in the other.
    pub fn within(&self, other: &Self) -> bool {
        let starts_within = other
            .from
            .is_none_or(|theirs| self.from.is_some_and(|ours| ours >= theirs));
        let ends_within = other
            .to
            .is_none_or(|theirs| self.to.is_some_and(|ours| ours <= theirs));
        starts_within && ends_within
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        let from = tighter(self.from, other.from, Ord::max);
        let to = tighter(self.to, other.to, Ord::min);
        let holds_a_moment = from.zip(to).is_none_or(|(from, to)| from < to);
        holds_a_moment.then_some(Self { from, to })
    }
}

impl Duration {
    fn within(self, other: Self) -> bool {
        match (self, other) {
            (Self::OneTime, Self::OneTime | Self::UntilWithdrawn) => true,
            (Self::TimeBound(_) | Self::UntilWithdrawn, Self::UntilWithdrawn) => true,
            (Self::TimeBound(ours), Self::TimeBound(theirs)) => ours <= theirs,
            _ => false,
        }
    }

    fn meet(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::TimeBound(ours), Self::TimeBound(theirs)) => Some(Self::TimeBound(ours.min(theirs))),
            _ => [self, other]
                .into_iter()
                .find(|one| one.within(self) && one.within(other)),
        }
    }
}

impl Frequency {
    fn within(self, other: Self) -> bool {
        self.max_reads <= other.max_reads && self.per >= other.per
    }

    fn meet(self, other: Self) -> Self {
        Self {
            max_reads: self.max_reads.min(other.max_reads),
            per: self.per.max(other.per),
        }
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

/// Both bounds at once; where one is open, the other.
fn tighter<T>(ours: Option<T>, theirs: Option<T>, both: impl Fn(T, T) -> T) -> Option<T> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(both(ours, theirs)),
        (ours, theirs) => ours.or(theirs),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::tests::{asked, at},
        *,
    };
    use crate::{
        catalogue::{Category, Precision},
        purpose::Purpose,
        terms::{Delivery, Period},
    };

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

    fn any_time() -> impl Strategy<Value = Option<crate::time::Timestamp>> {
        proptest::option::of((0i64..4).prop_map(at))
    }

    fn any_detail(category: Category) -> impl Strategy<Value = Detail> {
        let leaves: Vec<_> = category.spec().leaves().map(|(path, _)| path).take(4).collect();
        let fields = proptest::collection::btree_map(proptest::sample::select(leaves), 0usize..8, 1..4);
        (fields, any_time(), any_time())
            .prop_map(move |(fields, from, to)| {
                let fields = fields.into_iter().map(|(path, pick)| {
                    let offered = category.spec().precisions(path);
                    (path.to_owned(), offered[pick % offered.len()])
                });
                Detail {
                    category,
                    fields: fields.collect(),
                    time_range: TimeRange { from, to },
                }
            })
            .prop_filter("a range has a moment", |detail| {
                let TimeRange { from, to } = detail.time_range;
                from.zip(to).is_none_or(|(from, to)| from < to)
            })
    }

    /// Well-formed terms over few values, so that related ones are common.
    fn any_terms() -> impl Strategy<Value = Terms> {
        let details = (
            proptest::option::of(any_detail(Category::Receipts)),
            proptest::option::of(any_detail(Category::Locations)),
        );
        let details = details.prop_filter_map("there is something", |(receipts, locations)| {
            let details: Vec<_> = receipts.into_iter().chain(locations).collect();
            (!details.is_empty()).then_some(details)
        });
        let duration = prop_oneof![
            Just(Duration::OneTime),
            Just(Duration::UntilWithdrawn),
            (0i64..3).prop_map(|ms| Duration::TimeBound(at(ms))),
        ];
        let frequency = (1u32..3, 0usize..4).prop_map(|(max_reads, per)| Frequency {
            max_reads,
            per: Period::ALL[per],
        });
        (
            details,
            duration,
            proptest::option::of((1u32..3).prop_map(|days| DataLife { days })),
            proptest::option::of(frequency),
            any::<bool>(),
        )
            .prop_map(|(details, duration, data_life, frequency, sealed)| Terms {
                purpose: Purpose::Personalisation,
                details,
                duration,
                data_life,
                frequency,
                delivery: if sealed {
                    Delivery::Sealed
                } else {
                    Delivery::Server
                },
            })
    }

    /// Terms and others made from them by a few small changes, so that both answers are common.
    fn related() -> impl Strategy<Value = (Terms, Terms)> {
        (any_terms(), any_terms(), 0u8..8).prop_map(|(first, second, keep)| {
            let mut changed = first.clone();
            if keep & 1 != 0 {
                changed.details = second.details;
            }
            if keep & 2 != 0 {
                (changed.duration, changed.data_life) = (second.duration, second.data_life);
            }
            if keep & 4 != 0 {
                changed.frequency = second.frequency;
            }
            (first, changed)
        })
    }

    proptest! {
        #[test]
        fn within_is_reflexive(terms in any_terms()) {
            prop_assert!(terms.well_formed());
            prop_assert!(terms.within(&terms));
            prop_assert_eq!(terms.meet(&terms), Some(terms));
        }

        #[test]
        fn within_both_ways_is_equal((first, second) in related()) {
            prop_assert_eq!(first.within(&second) && second.within(&first), first == second);
        }

        #[test]
        fn within_is_transitive((first, second) in related(), third in any_terms()) {
            for (a, b, c) in [
                (&first, &second, &third),
                (&third, &first, &second),
                (&first, &third, &second),
            ] {
                if let (Some(lower), Some(middle)) = (a.meet(b).and_then(|ab| ab.meet(c)), a.meet(b)) {
                    prop_assert!(lower.within(&middle) && middle.within(a) && lower.within(a));
                }
                prop_assert!(!(a.within(b) && b.within(c)) || a.within(c));
            }
        }

        #[test]
        fn the_meet_is_the_widest_that_is_within_both(
            (first, second) in related(), third in any_terms()
        ) {
            let met = first.meet(&second);
            prop_assert_eq!(&met, &second.meet(&first));
            if let Some(met) = &met {
                prop_assert!(met.well_formed() && met.within(&first) && met.within(&second));
            }
            // Whatever is within both is within the meet; narrowing the third makes that common.
            let candidate = third.meet(&first).and_then(|t| t.meet(&second)).unwrap_or(third);
            if candidate.within(&first) && candidate.within(&second) {
                prop_assert!(met.is_some_and(|met| candidate.within(&met)));
            }
        }
    }
}
