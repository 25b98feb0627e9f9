//! Projection: the field-reduced copy of a record that a grant allows. It is the only thing that
//! sync accepts, so a whole record cannot leave.

use std::{collections::BTreeMap, fmt};

use vault_wire::{payload::Payload, terms::Detail, value::Value};

use crate::records::Record;

/// What one record shows under one category of a grant's terms.
pub(crate) struct Projection {
    payload: Payload,
    bytes: Vec<u8>,
}

impl Projection {
    /// Projects a record. Nothing, if the terms do not cover it or leave no field of it.
    pub(crate) fn of(record: &Record, detail: &Detail) -> Option<Self> {
        let covered = record.category == detail.category && detail.time_range.contains(record.occurred_at);
        let fields: BTreeMap<String, Value> = if covered {
            granted_fields(record, detail)
        } else {
            BTreeMap::new()
        };
        if fields.is_empty() {
            return None;
        }
        let payload = Payload { fields };
        Some(Self {
            bytes: payload.to_bytes(),
            payload,
        })
    }

    /// The fields, for the preview.
    pub(super) const fn fields(&self) -> &BTreeMap<String, Value> {
        &self.payload.fields
    }

    /// The exact bytes that are sealed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hands the exact bytes to the seal.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn granted_fields(record: &Record, detail: &Detail) -> BTreeMap<String, Value> {
    let occurred_at = record.occurred_at.map(Value::Timestamp);
    let value_of = |path: &str| match path == record.category.spec().time_field {
        true => occurred_at.as_ref(),
        false => record.fields.get(path),
    };
    let granted = detail.fields.iter();
    granted
        .filter_map(|(path, precision)| Some((path.clone(), precision.reduce(value_of(path)?)?)))
        .collect()
}

impl fmt::Debug for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Projection({} fields, {} bytes)",
            self.payload.fields.len(),
            self.bytes.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vault_wire::{
        catalogue::{Category, Precision},
        id::RecordId,
        terms::TimeRange,
        time::Timestamp,
    };

    use super::*;

    fn receipt(ms: i64, brand: &str, city: &str) -> Record {
        let text = |text: &str| Value::Text(text.to_owned());
        Record {
            id: RecordId([1; 16]),
            category: Category::Receipts,
            occurred_at: Some(Timestamp::from_unix_ms(ms)),
            fields: [
                ("brand".to_owned(), text(brand)),
                ("purchase_location.city".to_owned(), text(city)),
                ("total_cost".to_owned(), Value::Decimal("12.50".parse().unwrap())),
            ]
            .into(),
            source: "user".into(),
            created_at: Timestamp::from_unix_ms(0),
            updated_at: Timestamp::from_unix_ms(0),
            seq: 1,
        }
    }

    /// Any well-formed set of granted fields at any precision that the catalogue offers for each.
    fn any_detail() -> impl Strategy<Value = Detail> {
        let leaves: Vec<_> = Category::Receipts.spec().leaves().map(|(path, _)| path).collect();
        let fields = proptest::collection::btree_map(proptest::sample::select(leaves), 0usize..4, 1..6);
        (fields, any::<Option<i32>>(), any::<Option<i32>>()).prop_map(|(fields, from, to)| {
            let spec = Category::Receipts.spec();
            let at = |seconds: Option<i32>| seconds.map(|s| Timestamp::from_unix_ms(i64::from(s) * 1_000));
            let fields = fields.into_iter().map(|(path, pick)| {
                let offered = spec.precisions(path);
                (path.to_owned(), offered[pick % offered.len()])
            });
            Detail {
                category: Category::Receipts,
                fields: fields.collect(),
                time_range: TimeRange {
                    from: at(from),
                    to: at(to),
                },
            }
        })
    }

    proptest! {
        #[test]
        fn what_leaves_decodes_to_no_more_than_the_granted_fields_at_the_granted_precision(
            detail in any_detail(), seconds: i32, brand in "[a-z]{0,12}", city in "[a-z]{0,12}",
        ) {
            let record = receipt(i64::from(seconds) * 1_000, &brand, &city);
            match Projection::of(&record, &detail) {
                Some(projection) => {
                    let decoded = Payload::from_bytes(projection.bytes()).unwrap();
                    prop_assert!(decoded.within(&detail));
                    prop_assert_eq!(&decoded.fields, projection.fields());
                    prop_assert!(detail.time_range.contains(record.occurred_at));
                }
                None => prop_assert!(
                    !detail.time_range.contains(record.occurred_at)
                        || detail.fields.keys().all(|path| !record.fields.contains_key(path) && path != "purchased_at")
                ),
            }
        }
    }

    /// A detail, and one that is within it.
    fn any_narrowing() -> impl Strategy<Value = (Detail, Detail)> {
        let terms = |detail: &Detail| vault_wire::terms::Terms {
            purpose: vault_wire::purpose::Purpose::Personalisation,
            details: vec![detail.clone()],
            duration: vault_wire::terms::Duration::OneTime,
            data_life: None,
            frequency: None,
            delivery: vault_wire::terms::Delivery::Server,
        };
        (any_detail(), any_detail()).prop_filter_map("they have something in common", move |(wide, other)| {
            let met = terms(&wide).meet(&terms(&other))?;
            Some((wide, met.details.into_iter().next()?))
        })
    }

    proptest! {
        #[test]
        fn what_is_narrowed_never_shows_more(
            (wide, narrow) in any_narrowing(),
            times in (any::<i32>(), any::<i32>()),
            brands in ("[ab]", "[ab]"), cities in ("[ab]", "[ab]"),
        ) {
            let records = [
                receipt(i64::from(times.0) * 1_000, &brands.0, &cities.0),
                receipt(i64::from(times.1) * 1_000, &brands.1, &cities.1),
            ];
            let shown = |detail: &Detail, record: &Record| {
                Projection::of(record, detail).map(|projection| projection.fields().clone())
            };
            for record in &records {
                if let Some(fields) = shown(&narrow, record) {
                    let before = shown(&wide, record).expect("the wider shows the record too");
                    prop_assert!(fields.keys().all(|path| before.contains_key(path)));
                    let payload = Payload { fields };
                    prop_assert!(payload.within(&narrow));
                }
            }
            // Whoever cannot tell two records apart by the wider cannot by the narrower, but for what a
            // narrower range says by leaving one out.
            let both = [shown(&narrow, &records[0]), shown(&narrow, &records[1])];
            if shown(&wide, &records[0]) == shown(&wide, &records[1]) && both.iter().all(Option::is_some) {
                prop_assert_eq!(&both[0], &both[1]);
            }
        }
    }

    #[test]
    fn a_time_shared_by_day_holds_no_hour() {
        let detail = Detail {
            category: Category::Receipts,
            fields: [("purchased_at".to_owned(), Precision::Day)].into(),
            time_range: TimeRange::default(),
        };
        let projection = Projection::of(&receipt(1_700_000_000_000, "a", "b"), &detail).unwrap();
        assert_eq!(
            projection.fields()["purchased_at"],
            Value::Date("2023-11-14".parse().unwrap())
        );
    }

    #[test]
    fn another_category_projects_to_nothing() {
        let detail = Detail {
            category: Category::Health,
            fields: [("metric".to_owned(), Precision::Exact)].into(),
            time_range: TimeRange::default(),
        };
        assert!(Projection::of(&receipt(0, "a", "b"), &detail).is_none());
    }
}
