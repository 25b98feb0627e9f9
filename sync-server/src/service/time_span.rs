//! The span of time that a granted time field stands for, however coarse it is.

use vault_wire::{
    payload::Payload,
    terms::{Detail, TimeRange},
    time::Timestamp,
    value::Value,
};

const DAY_MS: i64 = 86_400_000;

/// A span of time, from inclusive to exclusive.
pub(super) type Span = (Timestamp, Timestamp);

/// Whether a record can be one of the granted time. One whose time is not told can not, where only
/// some time is granted and the field is.
pub(super) fn may_lie_within(payload: &Payload, detail: &Detail) -> bool {
    let field = detail.category.spec().time_field;
    if detail.time_range == TimeRange::default() || !detail.fields.contains_key(field) {
        return true;
    }
    payload
        .fields
        .get(field)
        .and_then(span_of)
        .is_some_and(|span| overlaps(span, detail.time_range))
}

/// Whether a span shares a moment with a range.
pub(super) fn overlaps((start, end): Span, range: TimeRange) -> bool {
    range.from.is_none_or(|from| from < end) && range.to.is_none_or(|to| start < to)
}

/// The span that a value of a time field stands for: a moment, a day, `2026-11` or `2026`.
pub(super) fn span_of(value: &Value) -> Option<Span> {
    match value {
        Value::Timestamp(at) => Some((*at, at.plus_ms(1))),
        Value::Date(day) => {
            let start: Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
            Some((start, start.plus_ms(DAY_MS)))
        }
        Value::Text(text) => match text.split_once('-') {
            Some((year, month)) => {
                let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
                let start = first_of(year, month)?;
                let next = if month == 12 {
                    (year + 1, 1)
                } else {
                    (year, month + 1)
                };
                Some((start, first_of(next.0, next.1)?))
            }
            None => {
                let year: u32 = text.parse().ok()?;
                let start = first_of(year, 1)?;
                Some((start, first_of(year + 1, 1)?))
            }
        },
        _ => None,
    }
}

fn first_of(year: u32, month: u32) -> Option<Timestamp> {
    if year > 9_999 {
        return None;
    }
    format!("{year:04}-{month:02}-01T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use vault_wire::time::Date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_coarse_time_stands_for_all_of_its_span() {
        let cases = [
            (
                Value::Date(Date::new(2024, 2, 29).unwrap()),
                "2024-02-29T00:00:00Z",
                "2024-03-01T00:00:00Z",
            ),
            (
                Value::Text("2026-12".into()),
                "2026-12-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                Value::Text("1901".into()),
                "1901-01-01T00:00:00Z",
                "1902-01-01T00:00:00Z",
            ),
        ];
        for (value, start, end) in cases {
            assert_eq!(span_of(&value), Some((at(start), at(end))));
        }
        for no_time in ["", "soon", "2026-13", "65535", "2026-11-21"] {
            assert_eq!(span_of(&Value::Text(no_time.into())), None, "{no_time}");
        }
    }

    #[test]
    fn a_span_that_only_touches_a_range_does_not_lie_in_it() {
        let range = TimeRange {
            from: Some(at("2026-11-02T00:00:00Z")),
            to: Some(at("2026-11-03T00:00:00Z")),
        };
        let day = |day| span_of(&Value::Date(Date::new(2026, 11, day).unwrap())).unwrap();
        assert!(!overlaps(day(1), range) && overlaps(day(2), range) && !overlaps(day(3), range));
    }
}
