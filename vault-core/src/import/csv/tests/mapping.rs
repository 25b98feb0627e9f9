//! What the owner says about columns.

use super::*;

#[test]
fn a_mapping_says_what_no_name_says_and_the_rest_is_recognised() {
    let options =
        mapped("category=receipts,brand=Wer,total_cost=Wieviel,purchased_at=Wann,payment_method:=cash");
    let read = read_with("Wann,Wer,Wieviel,City,Notiz\n2026-01-01,A,5,Graz,x\n", &options).unwrap();
    let draft = &read.drafts[0];
    assert_eq!(
        (
            text(draft, "brand"),
            text(draft, "total_cost"),
            text(draft, "payment_method")
        ),
        ("A".into(), "5".into(), "cash".into())
    );
    assert_eq!(text(draft, "purchase_location.city"), "Graz");
    assert_eq!(time(draft), "2026-01-01T00:00:00Z");
    assert_eq!(read.ignored, ["Notiz"]);
}

#[test]
fn a_mapping_completes_a_table_whose_kind_it_does_not_name() {
    let read = read_with("When,Shop,Paid\n2026-01-01,A,5\n", &mapped("purchased_at=When")).unwrap();
    assert_eq!(time(&read.drafts[0]), "2026-01-01T00:00:00Z");
}

#[test]
fn a_mapping_can_make_health_records_of_bare_values() {
    let options = mapped("category=health,measured_at=Time,value=Value,metric:=heart_rate,unit:=/min");
    let read = read_with("Id,Time,Value\n1,4/12/2016 7:21:00 AM,97\n", &options).unwrap();
    let draft = &read.drafts[0];
    assert_eq!(
        (text(draft, "metric"), text(draft, "value"), time(draft)),
        ("heart_rate".into(), "97".into(), "2016-04-12T07:21:00Z".into())
    );
}

#[test]
fn a_mapping_that_does_not_fit_says_what_would() {
    let error = |map: &str| {
        read_with("Date,Shop,Total\n2026-01-01,A,5\n", &mapped(map))
            .err()
            .unwrap()
            .to_string()
    };
    let message = error("category=receipts,brand=Merchant");
    assert!(
        message.contains("\"Merchant\"") && message.contains("\"Shop\""),
        "{message}"
    );
    assert!(error("category=receipts,currency:=euros").contains("ISO 4217"));
}

#[test]
fn a_table_of_no_known_kind_names_its_columns_and_shows_the_mapping() {
    let error = read_with("alpha,beta\n1,2\n", &ImportOptions::default())
        .err()
        .unwrap();
    assert!(matches!(&error, ImportError::UnknownTable { columns } if *columns == ["alpha", "beta"]));
    assert!(error.to_string().contains("--map category=receipts"));
}
