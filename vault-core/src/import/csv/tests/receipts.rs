//! Purchases and bank accounts.

use super::*;

#[test]
fn a_bank_export_with_american_dates_becomes_receipts() {
    let read = read(
        "Date,Description,Amount,Transaction Type,Category,Account Name\n\
         1/1/2018,Amazon,11.11,debit,Shopping,Platinum Card\n\
         1/13/2018,Payroll,\"2,000.00\",credit,Income,Checking\n",
    );
    let [first, second] = &read.drafts[..] else {
        panic!("{}", read.drafts.len())
    };
    assert_eq!(first.category, Category::Receipts);
    assert_eq!(time(first), "2018-01-01T00:00:00Z");
    for (path, expected) in [
        ("brand", "Amazon"),
        ("total_cost", "11.11"),
        ("direction", "debit"),
        ("purchase_category", "Shopping"),
        ("payment_method", "Platinum Card"),
        ("currency", "XXX"),
    ] {
        assert_eq!(text(first, path), expected, "{path}");
    }
    assert_eq!(
        (
            text(second, "total_cost").as_str(),
            text(second, "direction").as_str()
        ),
        ("2000.00", "credit")
    );
    assert!(read.ignored.is_empty() && read.assumed.is_none());
}

#[test]
fn shop_receipts_with_other_names_and_iso_dates_import_too() {
    let read = read(
        "receipt_no;STORE NAME;Purchased At;Grand Total;Currency Code;Paid With;Store City;Country\n\
         77;Mercator;2026-05-01T18:22:05+02:00;1.234,50;eur;Visa;Koper;si\n",
    );
    let draft = &read.drafts[0];
    assert_eq!(time(draft), "2026-05-01T16:22:05Z");
    assert_eq!(text(draft, "total_cost"), "1234.50");
    assert_eq!(text(draft, "currency"), "EUR");
    assert_eq!(text(draft, "purchase_location.country"), "SI");
    assert_eq!(text(draft, "direction"), "absent");
    assert_eq!(read.ignored, ["receipt_no"]);
}

#[test]
fn the_currency_comes_from_the_column_the_cell_the_header_or_the_owner() {
    let options = ImportOptions {
        currency: Some("CHF".into()),
        ..ImportOptions::default()
    };
    let of = |file: &str| text(&read_with(file, &options).unwrap().drafts[0], "currency");
    assert_eq!(of("Date,Shop,Total,Currency\n2026-01-01,A,€1.00,USD\n"), "USD");
    assert_eq!(of("Date,Shop,Total\n2026-01-01,A,1.00 €\n"), "EUR");
    assert_eq!(of("Date,Shop,Total (GBP)\n2026-01-01,A,1.00\n"), "GBP");
    assert_eq!(of("Date,Shop,Total\n2026-01-01,A,$1.00\n"), "CHF");
}

#[test]
fn a_sign_says_the_direction_only_beside_a_balance() {
    let beside_balance = read("Date,Payee,Amount,Balance\n2026-01-01,A,-5.00,95\n2026-01-02,B,7.00,102\n");
    let both: Vec<_> = beside_balance
        .drafts
        .iter()
        .map(|d| (text(d, "total_cost"), text(d, "direction")))
        .collect();
    assert_eq!(
        both,
        [("5.00".into(), "debit".into()), ("7.00".into(), "credit".into())]
    );
    assert_eq!(beside_balance.ignored, ["Balance"]);
    let alone = read("Date,Payee,Amount\n2026-01-01,A,-5.00\n");
    assert_eq!(
        (
            text(&alone.drafts[0], "total_cost"),
            text(&alone.drafts[0], "direction")
        ),
        ("-5.00".into(), "absent".into())
    );
    let repeated = read("Date,Payee,Amount,Type\n2026-01-01,A,(5.00),debit\n2026-01-02,B,7.00,credit\n");
    assert_eq!(text(&repeated.drafts[0], "total_cost"), "5.00");
    let refund = read("Date,Payee,Amount,Type\n2026-01-01,A,5.00,debit\n2026-01-02,A,-1.00,debit\n");
    assert_eq!(text(&refund.drafts[1], "total_cost"), "-1.00");
}

#[test]
fn money_in_and_out_may_have_columns_of_their_own() {
    let read = read(
        "Date,Details,Paid out,Paid in\n2026-01-01,A,5.00,\n2026-01-02,B,0.00,7.00\n2026-01-03,C,1,2\n2026-01-04,D,0.00,0\n",
    );
    let both: Vec<_> = read
        .drafts
        .iter()
        .map(|d| (text(d, "total_cost"), text(d, "direction")))
        .collect();
    assert_eq!(
        both[..2],
        [("5.00".into(), "debit".into()), ("7.00".into(), "credit".into())]
    );
    assert_eq!(both.len(), 3, "a row of zeros is a row: {:?}", read.rejected);
    assert_eq!(read.rejected[0].place, 4);
}

#[test]
fn a_column_that_only_sounds_like_a_direction_is_ignored_and_named() {
    let read = read("Type,Date,Description,Amount\nCARD_PAYMENT,2026-01-01,A,5\nTRANSFER,2026-01-02,B,6\n");
    assert_eq!(read.drafts.len(), 2);
    assert_eq!(read.ignored, ["Type"]);
}

#[test]
fn a_word_that_is_no_direction_in_a_column_of_directions_is_rejected() {
    let read =
        read("Date,Shop,Total,Direction\n2026-01-01,A,1,debit\n2026-01-01,A,1,up\n2026-01-01,A,1,credit\n");
    assert_eq!(read.drafts.len(), 2);
    assert!(
        read.rejected[0].reason.contains("direction") && read.rejected[0].reason.contains("debit, credit")
    );
    assert_eq!(read.rejected[0].place, 3);
}
