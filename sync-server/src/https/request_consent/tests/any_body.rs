//! Whatever a body holds, it is read soundly or refused.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{example, now, parse};

/// Words that mean something somewhere in a body, and some that do not.
const KNOWN: &[&str] = &[
    "receipts",
    "locations",
    "lat",
    "exact",
    "100km",
    "city",
    "purchase_location",
    "year",
    "2026-11-22T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "one_time",
    "until_withdrawn",
    "server",
    "month",
    "",
    "é",
    "\u{0}",
    "marketing",
];

/// Every pointer into a JSON value.
fn pointers(json: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Json::Object(members) => {
            members
                .iter()
                .for_each(|(name, below)| pointers(below, &format!("{at}/{name}"), found));
        }
        Json::Array(values) => {
            values
                .iter()
                .enumerate()
                .for_each(|(n, below)| pointers(below, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(KNOWN).prop_map(Json::from),
        "\\PC{0,20}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(prop::sample::select(KNOWN), inner, 0..4).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_stands_anywhere_in_a_body_what_is_read_is_well_formed(
        place: prop::sample::Index,
        value in any_json(),
    ) {
        let mut body = example();
        let mut places = Vec::new();
        pointers(&body, "", &mut places);
        *body.pointer_mut(&places[place.index(places.len())]).unwrap() = value;
        match parse(&body, now()) {
            Ok(request) => prop_assert!(request.terms.well_formed(), "{body}"),
            Err(problem) => prop_assert!(problem.code().status().is_client_error()),
        }
    }
}
