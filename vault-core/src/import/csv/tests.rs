use vault_wire::value::Value;

use crate::import::{Category, DayOrder, Draft, ImportError, ImportOptions, Item, Rejected, open};

struct Read {
    drafts: Vec<Draft>,
    rejected: Vec<Rejected>,
    ignored: Vec<String>,
    assumed: Option<DayOrder>,
}

fn read_with(file: &str, options: &ImportOptions) -> Result<Read, ImportError> {
    let mut reader = open(file.as_bytes(), None, options)?;
    let (mut drafts, mut rejected) = (Vec::new(), Vec::new());
    for item in reader.by_ref() {
        match item? {
            Item::Draft(draft) => drafts.push(draft),
            Item::Rejected(one) => rejected.push(one),
        }
    }
    let ignored = reader.ignored_columns().to_vec();
    Ok(Read {
        drafts,
        rejected,
        ignored,
        assumed: reader.assumed_day_order(),
    })
}

fn read(file: &str) -> Read {
    read_with(file, &ImportOptions::default()).unwrap()
}

fn mapped(map: &str) -> ImportOptions {
    ImportOptions {
        map: Some(map.parse().unwrap()),
        ..ImportOptions::default()
    }
}

fn text(draft: &Draft, path: &str) -> String {
    match draft.fields.get(path) {
        None => "absent".into(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Decimal(number)) => number.to_string(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}

fn time(draft: &Draft) -> String {
    draft.occurred_at.map_or("absent".into(), |at| at.to_string())
}

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

#[test]
fn each_measurement_of_a_day_is_a_record_and_mixed_dates_are_understood() {
    let read = read(
        "Id,ActivityDate,TotalSteps,TotalDistance,VeryActiveMinutes,Calories,Mood\n\
         1503960366,04/12/2016,13162.00,8.50,25.00,1985.00,good\n\
         1624580081,4/13/2016,\"10,735\",,21,N/A,bad\n",
    );
    let all: Vec<_> = read
        .drafts
        .iter()
        .map(|d| {
            (
                time(d)[..10].to_owned(),
                text(d, "metric"),
                text(d, "value"),
                text(d, "unit"),
            )
        })
        .collect();
    let expected = [
        ("2016-04-12", "steps", "13162", "{steps}"),
        ("2016-04-12", "distance", "8.50", "km"),
        ("2016-04-12", "very_active_minutes", "25", "min"),
        ("2016-04-12", "calories", "1985", "kcal"),
        ("2016-04-13", "steps", "10735", "{steps}"),
        ("2016-04-13", "very_active_minutes", "21", "min"),
    ];
    assert_eq!(
        all,
        expected.map(|(a, b, c, d)| (a.into(), b.into(), c.into(), d.into()))
    );
    assert!(read.drafts.iter().all(|draft| text(draft, "source") == "device"));
    assert_eq!(read.ignored, ["Mood"]);
    assert!(
        read.assumed.is_none(),
        "the second row shows that the month comes first"
    );
}

#[test]
fn two_people_with_equal_days_stay_two() {
    let of = |id: &str| read(&format!("Id,Date,Steps\n{id},2026-01-01,0\n")).drafts[0].dedup;
    assert_ne!(of("1"), of("2"));
    assert_eq!(of("1"), of("1"));
}

#[test]
fn one_bad_measurement_costs_only_itself() {
    let read = read("Date,Steps,Calories\n2026-01-01,many,1985\n");
    assert_eq!(read.drafts.len(), 1);
    assert!(read.rejected[0].reason.contains("\"Steps\"") && !read.rejected[0].reason.contains("many"));
}

#[test]
fn a_day_begins_in_the_time_zone_of_the_owner() {
    let timezone = jiff::tz::TimeZone::get("Europe/Ljubljana").unwrap();
    let options = ImportOptions {
        timezone,
        ..ImportOptions::default()
    };
    let read = read_with("Date,Steps\n2026-07-01,5\n", &options).unwrap();
    assert_eq!(time(&read.drafts[0]), "2026-06-30T22:00:00Z");
}

#[test]
fn narrow_tables_of_every_kind_are_recognised() {
    for (file, category, path) in [
        (
            "metric,value,unit,time\nheart_rate,61,/min,2026-01-01T08:00:00Z\n",
            Category::Health,
            "unit",
        ),
        (
            "timestamp,latitude,longitude,elevation\n2026-01-01T08:00:00Z,46.05,14.5,298\n",
            Category::Locations,
            "altitude_m",
        ),
        (
            "card_name,brand,kind,status,installed_at\nPlus,Acme,Loyalty,installed,2026-01-01\n",
            Category::Cards,
            "kind",
        ),
        (
            "app,event,started_at,duration_seconds,count\nMail,open,2026-01-01,12.5,3\n",
            Category::AppUsage,
            "count",
        ),
        (
            "domain,url,visited_at,clicks\na.si,https://a.si/x,2026-01-01,2\n",
            Category::Browsing,
            "clicks",
        ),
        (
            "question,answers,answered_at\nTea?,yes|no,2026-01-01\n",
            Category::Surveys,
            "answers",
        ),
        (
            "button_id,placement,action,at\nb1,top,tap,2026-01-01\n",
            Category::ButtonEvents,
            "action",
        ),
        (
            "integration,metric,value,period\nshop,views,7,2026-01\n",
            Category::UsageMetrics,
            "period",
        ),
    ] {
        let read = read(file);
        assert_eq!(read.drafts.len(), 1, "{file}: {:?}", read.rejected);
        assert_eq!(read.drafts[0].category, category);
        assert_ne!(text(&read.drafts[0], path), "absent", "{file}");
        assert!(read.ignored.is_empty(), "{file}: {:?}", read.ignored);
    }
}

#[test]
fn coordinates_keep_their_point_in_a_table_of_semicolons() {
    let read = read("time;lat;lon;altitude\n2026-01-01T08:00:00Z;45.380593557;14,144484317;1.234,5\n");
    let draft = &read.drafts[0];
    assert_eq!(
        (text(draft, "lat"), text(draft, "lon"), text(draft, "altitude_m")),
        ("45.380593557".into(), "14.144484317".into(), "1234.5".into())
    );
}

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
