//! Measurements, places and the other narrow tables.

use super::*;

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
