use proptest::prelude::*;

use super::*;
use crate::import::Draft;

fn read(text: &[u8], category: Option<Category>) -> Vec<Item> {
    let options = ImportOptions {
        category,
        ..ImportOptions::default()
    };
    let mut objects = Objects::new(text, &options, Drafter::new(None));
    std::iter::from_fn(|| objects.next().unwrap()).collect()
}

fn draft(line: &str) -> Draft {
    match read(line.as_bytes(), Some(Category::Receipts)).remove(0) {
        Item::Draft(draft) => draft,
        Item::Rejected(rejected) => panic!("{}", rejected.reason),
    }
}

fn reason(line: &str) -> String {
    match read(line.as_bytes(), Some(Category::Receipts)).remove(0) {
        Item::Rejected(rejected) => rejected.reason,
        Item::Draft(draft) => panic!("accepted: {draft:?}"),
    }
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

#[test]
fn a_record_with_its_category_and_nested_fields() {
    let draft = draft(
        r#"{"category":"receipts","occurred_at":"2026-05-01T08:00:00Z","fields":{"brand":"Acme",
        "total_cost":"12.50","currency":"EUR","purchase_location":{"city":"Koper","lat":45.5},"items":["milk",2]}}"#
            .replace('\n', " ")
            .as_str(),
    );
    assert_eq!(draft.occurred_at.unwrap().to_string(), "2026-05-01T08:00:00Z");
    assert_eq!(
        draft.fields["purchase_location.city"],
        Value::Text("Koper".into())
    );
    assert_eq!(draft.fields["purchase_location.lat"], Value::Float(45.5));
    assert_eq!(draft.fields["total_cost"], decimal("12.50"));
    assert_eq!(
        draft.fields["items"],
        Value::List(vec![Value::Text("milk".into()), Value::Int(2)])
    );
}

#[test]
fn a_flat_object_takes_the_category_of_the_import_and_its_own_name_for_the_time() {
    let draft = draft(r#"{"brand":"Acme","total_cost":3,"purchased_at":"2026-05-01"}"#);
    assert_eq!(draft.category, Category::Receipts);
    assert_eq!(draft.occurred_at.unwrap().to_string(), "2026-05-01T00:00:00Z");
    assert_eq!(draft.fields["currency"], Value::Text("XXX".into()));
    assert!(!draft.fields.contains_key("purchased_at"));
}

#[test]
fn an_exported_record_is_imported_without_its_old_identity() {
    let draft = draft(
        r#"{"id":"rec_1","source":"app","seq":4,"created_at":"x","category":"cards","fields":{"card_name":"Plus"}}"#,
    );
    assert_eq!(draft.category, Category::Cards);
}

#[test]
fn decimals_are_exact_or_rejected() {
    for (json, expected) in [
        ("12.5", "12.5"),
        ("\"12.50\"", "12.50"),
        ("-7", "-7"),
        ("0.000123456789012345", "0.000123456789012345"),
    ] {
        let value = typed(Kind::Decimal, serde_json::from_str(json).unwrap());
        assert_eq!(value, Some(decimal(expected)), "{json}");
    }
    assert!(reason(r#"{"total_cost":0.12345678901234567}"#).contains("as a string"));
    assert!(reason(r#"{"total_cost":"12,50"}"#).contains("total_cost"));
}

#[test]
fn what_does_not_fit_is_rejected_by_name() {
    for (line, named) in [
        (r#"{"brnd":"Acme"}"#, "\"brnd\""),
        (r#"{"brand":7}"#, "brand: text"),
        (r#"{"purchase_location":"Koper"}"#, "\"purchase_location\""),
        (
            r#"{"purchase_location":{"town":"Koper"}}"#,
            "\"purchase_location.town\"",
        ),
        (r#"{"direction":"sideways"}"#, "one of debit, credit"),
        (r#"{"purchased_at":1479717000,"brand":"a"}"#, "occurred_at"),
        (r#"{"occurred_at":"soon","brand":"a"}"#, "occurred_at"),
        (
            r#"{"occurred_at":"2026-01-01","purchased_at":"2026-01-02","brand":"a"}"#,
            "contradict",
        ),
        (r#"{"category":"recipes","brand":"a"}"#, "unknown category"),
        (r#"{"fields":{"brand":"a"},"extra":1}"#, "\"extra\""),
        (
            r#"{"purchase_location":{"city":"a"},"purchase_location.city":"b"}"#,
            "twice",
        ),
        ("{}", "no field"),
        ("[1]\n", "object"),
    ] {
        let reason = if line.starts_with('[') {
            let items = read(
                format!("{{\"brand\":\"a\"}}\n{line}").as_bytes(),
                Some(Category::Receipts),
            );
            let Item::Rejected(rejected) = &items[1] else {
                panic!("accepted")
            };
            rejected.reason.clone()
        } else {
            reason(line)
        };
        assert!(reason.contains(named), "{line}: {reason}");
    }
}

#[test]
fn a_bad_line_does_not_end_the_file() {
    let items = read(
        b"{\"brand\":\"a\"}\nnonsense\n\n{\"brand\":\"b\"}\r\n",
        Some(Category::Receipts),
    );
    assert_eq!(items.len(), 3);
    assert!(matches!(&items[1], Item::Rejected(rejected) if rejected.place == 2));
    assert!(matches!(&items[2], Item::Draft(draft) if draft.place == 4));
}

#[test]
fn json_over_several_lines_is_an_error_that_says_so() {
    for text in ["{\n\"brand\":\"a\"\n}", "[{\"brand\":\"a\"}]", "[\n{}\n]"] {
        let mut objects = Objects::new(text.as_bytes(), &ImportOptions::default(), Drafter::new(None));
        assert!(matches!(objects.next(), Err(ImportError::NotJsonLines)), "{text}");
    }
}

#[test]
fn deep_nesting_is_rejected() {
    let deep = format!(r#"{{"items":{}{}}}"#, "[".repeat(20), "]".repeat(20));
    assert!(reason(&deep).contains("items"));
    let deeper = format!(r#"{{"items":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert!(reason(&deeper).contains("not JSON"));
}

#[test]
fn an_endless_line_is_rejected_and_the_next_one_read() {
    let text = format!(
        "{{\"brand\":\"{}\"}}\n{{\"brand\":\"b\"}}",
        "x".repeat(LINE_BYTES_MAX)
    );
    let items = read(text.as_bytes(), Some(Category::Receipts));
    assert!(matches!(&items[0], Item::Rejected(rejected) if rejected.reason.contains("longer")));
    assert!(matches!(&items[1], Item::Draft(_)));
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(line in r#"[\[\]{}":,a-z0-9.\\e-]{0,60}"#) {
        let mut objects = Objects::new(line.as_bytes(), &ImportOptions::default(), Drafter::new(None));
        while let Ok(Some(_)) = objects.next() {}
    }
}
