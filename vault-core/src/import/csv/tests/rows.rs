//! Headers, separators, dates and damaged rows.

use super::*;

#[test]
fn lines_above_the_header_and_a_header_in_between_are_passed_over() {
    let read = read(
        "Account;12345\nExported;2026-02-01\n\nDatum;x\nDate;Payee;Amount\n2026-01-01;A;5,00\nDate;Payee;Amount\n2026-01-02;B;6,00\n;;\n",
    );
    assert_eq!(read.drafts.iter().map(|d| d.place).collect::<Vec<_>>(), [6, 8]);
    assert!(read.rejected.is_empty());
    assert_eq!(text(&read.drafts[0], "total_cost"), "5.00");
}

#[test]
fn separators_and_line_ends_are_recognised() {
    for separator in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n", "\r"] {
            let file = ["Date,Shop,Total", "2026-01-01,A,5", "2026-01-02,B,6"]
                .join(end)
                .replace(',', separator);
            let read = read(&file);
            assert_eq!(read.drafts.len(), 2, "{separator:?} {end:?}");
            assert_eq!(read.drafts[1].place, 3);
        }
    }
}

#[test]
fn bad_rows_are_rejected_by_line_and_the_rest_goes_on() {
    let read = read(
        "Date,Shop,Total\nsoon,A,5\n2026-01-01,B,five\n2026-01-01,C\n2026-01-01,\"D\nE\",7\n2026-01-01,F,8,\n2026-02-30,G,1\n",
    );
    assert_eq!(
        read.rejected.iter().map(|r| r.place).collect::<Vec<_>>(),
        [2, 3, 4, 8]
    );
    assert!(read.rejected[0].reason.contains("\"Date\""));
    assert!(read.rejected[1].reason.contains("total_cost (column \"Total\")"));
    assert!(read.rejected[2].reason.contains("2 cells, the header 3"));
    assert_eq!(
        read.drafts.iter().map(|d| text(d, "brand")).collect::<Vec<_>>(),
        ["D\nE", "F"]
    );
}

#[test]
fn a_stray_quote_does_not_swallow_the_rest() {
    let read = read("Date,Shop,Total\n2026-01-01,\"A,5\n2026-01-02,B,6\n2026-01-03,C,7\n");
    assert_eq!(read.rejected.len(), 1);
    assert_eq!(read.drafts.len(), 2);
}

#[test]
fn the_order_of_day_and_month_is_that_of_the_file() {
    let day_first = read("Date,Shop,Total\n3/4/2026,A,1\n25/4/2026,B,1\n");
    assert_eq!(time(&day_first.drafts[0]), "2026-04-03T00:00:00Z");
    assert_eq!(day_first.assumed, None);
    let unclear = read("Date,Shop,Total\n3/4/2026,A,1\n");
    assert_eq!(time(&unclear.drafts[0]), "2026-03-04T00:00:00Z");
    assert_eq!(unclear.assumed, Some(DayOrder::MonthFirst));
    let told = ImportOptions {
        date_format: Some("%d/%m/%Y".parse().unwrap()),
        ..ImportOptions::default()
    };
    let told = read_with("Date,Shop,Total\n3/4/2026,A,1\n", &told).unwrap();
    assert_eq!(
        (time(&told.drafts[0]).as_str(), told.assumed),
        ("2026-04-03T00:00:00Z", None)
    );
}

#[test]
fn a_later_row_that_contradicts_the_order_is_rejected_and_says_how_to_go_on() {
    let rows: String = (0..2000)
        .map(|n| format!("1/{}/2026,A,{n}\n", n % 12 + 1))
        .collect();
    let read = read(&format!("Date,Shop,Total\n{rows}25/4/2026,B,1\n"));
    assert_eq!(read.drafts.len(), 2000);
    assert!(read.rejected[0].reason.contains("--date-format %d/%m/%Y"));
}

#[test]
fn date_and_time_may_have_columns_of_their_own() {
    let read = read("Date,Time,Shop,Total\n2026-01-01,18:30,A,1\n2026-01-02,,B,1\n4/13/2026,6:05 PM,C,1\n");
    let times: Vec<_> = read.drafts.iter().map(time).collect();
    assert_eq!(
        times,
        [
            "2026-01-01T18:30:00Z",
            "2026-01-02T00:00:00Z",
            "2026-04-13T18:05:00Z"
        ]
    );
    assert!(read.ignored.is_empty());
}

#[test]
fn a_row_without_a_date_has_no_time_and_a_given_category_needs_less() {
    let options = ImportOptions {
        category: Some(Category::Receipts),
        ..ImportOptions::default()
    };
    let read = read_with("Total\n5\n", &options).unwrap();
    assert_eq!(time(&read.drafts[0]), "absent");
}
