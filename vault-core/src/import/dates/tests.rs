use proptest::prelude::*;

use super::*;

fn dates(order: DayOrder) -> Dates {
    Dates {
        format: None,
        timezone: TimeZone::UTC,
        order,
    }
}

fn us(text: &str) -> Option<String> {
    dates(DayOrder::MonthFirst).read(text).map(|at| at.to_string())
}

#[test]
fn dates_read_as_they_are_written() {
    for (text, expected) in [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21 08:30", "2026-11-21T08:30:00Z"),
        ("2026-11-21T08:30:00.1239+01:00", "2026-11-21T07:30:00.123Z"),
        ("2026/11/21 08:30:05", "2026-11-21T08:30:05Z"),
        ("1/1/2018", "2018-01-01T00:00:00Z"),
        ("04/12/2016", "2016-04-12T00:00:00Z"),
        ("4/13/2016", "2016-04-13T00:00:00Z"),
        ("4/12/2016 12:00:00 AM", "2016-04-12T00:00:00Z"),
        ("4/12/2016 12:30 pm", "2016-04-12T12:30:00Z"),
        ("4/12/16 23:59:59.75", "2016-04-12T23:59:59.75Z"),
        ("21.11.2026", "2026-11-21T00:00:00Z"),
        ("3.4.1999 7:05", "1999-04-03T07:05:00Z"),
        ("21 Nov 2026", "2026-11-21T00:00:00Z"),
        ("03-OCT-10 15:03:30", "2010-10-03T15:03:30Z"),
        ("November 21, 2026", "2026-11-21T00:00:00Z"),
        ("Nov 21, 2026, 8:30 PM", "2026-11-21T20:30:00Z"),
        ("2016-04-12 06:00:00 UTC", "2016-04-12T06:00:00Z"),
    ] {
        assert_eq!(us(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "soon",
        "13/13/2016",
        "2/30/2016",
        "1/2",
        "1/2/3/4",
        "43101",
        "1479717000",
        "1/1/201",
        "4/12/2016 25:00",
        "4/12/2016 13:00 PM",
    ] {
        assert_eq!(us(text), None, "{text}");
    }
}

#[test]
fn day_and_month_are_never_swapped_to_make_a_date_fit() {
    assert_eq!(us("13/4/2016"), None);
    let day_first = dates(DayOrder::DayFirst).read("3/4/2016").unwrap();
    assert_eq!(day_first.to_string(), "2016-04-03T00:00:00Z");
}

#[test]
fn a_file_shows_its_order_only_if_its_dates_agree() {
    let shown = |dates: &[&str]| DayOrder::shown_by(dates.iter().copied());
    assert_eq!(shown(&["04/12/2016", "4/13/2016"]), Some(DayOrder::MonthFirst));
    assert_eq!(shown(&["1/2/2018", "31/1/2018 08:00"]), Some(DayOrder::DayFirst));
    assert_eq!(shown(&["1/2/2018"]), None);
    assert_eq!(shown(&["13/1/2018", "1/13/2018"]), None);
    assert_eq!(shown(&["2018-01-31", "2018/01/31", "31.1.2018"]), None);
    assert!(DayOrder::matters_to("1/2/2018") && !DayOrder::matters_to("2018-01-31"));
}

#[test]
fn a_day_begins_where_the_owner_lives() {
    let ljubljana = Dates {
        format: None,
        timezone: TimeZone::get("Europe/Ljubljana").unwrap(),
        order: DayOrder::MonthFirst,
    };
    assert_eq!(
        ljubljana.read("2026-07-01").unwrap().to_string(),
        "2026-06-30T22:00:00Z"
    );
    assert_eq!(
        ljubljana.read("2026-07-01T00:00:00Z").unwrap().to_string(),
        "2026-07-01T00:00:00Z"
    );
    assert!(
        ljubljana.read("2026-03-29 02:30").is_some(),
        "a time that the clocks skipped"
    );
}

#[test]
fn a_format_given_is_the_only_one() {
    let by = |format: &str, text: &str| {
        let format = Some(format.parse().unwrap());
        let dates = Dates {
            format,
            timezone: TimeZone::UTC,
            order: DayOrder::MonthFirst,
        };
        dates.read(text).map(|at| at.to_string())
    };
    assert_eq!(
        by("%d/%m/%Y", "3/4/2016").as_deref(),
        Some("2016-04-03T00:00:00Z")
    );
    assert_eq!(
        by("%d/%m/%Y %H:%M", "3/4/2016 08:15").as_deref(),
        Some("2016-04-03T08:15:00Z")
    );
    assert_eq!(by("%s", "1479717000").as_deref(), Some("2016-11-21T08:30:00Z"));
    assert_eq!(by("%d/%m/%Y", "2016-04-03"), None);
}

#[test]
fn a_format_that_cannot_be_used_is_refused_at_once() {
    for format in ["%", "%!", "YYYY-MM-DD"] {
        assert!(format.parse::<DateFormat>().is_err(), "{format}");
    }
}

#[test]
fn before_1970_the_digits_stay_too() {
    let at = utc("1901-12-13T20:45:52.2073437Z").unwrap();
    assert_eq!(at.to_string(), "1901-12-13T20:45:52.207Z");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[0-9a-zA-Z:/., -]{0,30}|.{0,40}") {
        let _ = us(&text);
        let _ = DayOrder::shown_by([text.as_str()].into_iter());
    }
}
