//! Collecting, importing and changing records.

use std::fs;

use crate::home::{Home, sample};

#[test]
fn records_are_imported_once_listed_changed_and_deleted() {
    let home = Home::collecting(&["receipts", "health", "locations"]);
    let samples = [
        sample("walk.gpx"),
        sample("purchases.csv"),
        sample("activity.csv"),
    ];
    let import = ["import", "--json", &samples[0], &samples[1], &samples[2]];

    let first = home.run(&import).must_succeed().objects();
    assert_eq!(first.len(), 3);
    assert_eq!(first[0]["by_category"]["locations"], 61);
    assert_eq!(first[1]["added"], 40);
    assert!(first[2]["added"].as_u64().unwrap() > 200, "{}", first[2]);
    let second = home.run(&import).must_succeed().objects();
    for (again, before) in second.iter().zip(&first) {
        assert_eq!(again["added"], 0);
        assert_eq!(again["duplicates"], before["added"]);
        assert_eq!(again["rejected"], 0);
    }

    let receipts = home.run(&["list", "receipts", "--json"]).must_succeed().objects();
    assert_eq!(receipts.len(), 40);
    assert_eq!(receipts[0]["fields"]["brand"], "Green Basket");
    assert_eq!(receipts[0]["fields"]["total_cost"], "71.57");
    let january = [
        "list",
        "receipts",
        "--json",
        "--newest",
        "--from",
        "2026-01-01",
        "--to",
        "2026-02-01",
    ];
    let january = home.run(&january).must_succeed().objects();
    assert_eq!(january.len(), 9);
    assert!(january[0]["occurred_at"].as_str() > january[8]["occurred_at"].as_str());

    let add = [
        "add",
        "receipts",
        "brand=Acme",
        "total_cost=12.50",
        "currency=eur",
        "--at",
        "2030-05-01 10:00",
    ];
    let added = home
        .run(&[&add[..], &["--json"]].concat())
        .must_succeed()
        .object()["added"]
        .clone();
    assert_eq!(added["occurred_at"], "2030-05-01T10:00:00Z");
    assert_eq!(added["fields"]["currency"], "EUR");
    let id = added["id"].as_str().unwrap();
    let short = &id[id.len() - 8..];

    let shown = home.run(&["show", short, "--json"]).must_succeed().object();
    assert_eq!(shown, added);
    home.run(&["edit", short, "total_cost=13.00", "currency="])
        .must_succeed();
    let changed = home.run(&["show", id, "--json"]).must_succeed().object();
    assert_eq!(
        changed["fields"],
        serde_json::json!({ "brand": "Acme", "total_cost": "13.00" })
    );
    assert_eq!(changed["occurred_at"], added["occurred_at"]);

    home.run(&["rm", short]).must_succeed();
    assert_eq!(
        home.run(&["show", id, "--json"]).must_fail(5).error()["code"],
        "not_found"
    );
    home.run(&["rm", short]).must_fail(5);
    let status = home.run(&["status", "--json"]).must_succeed().object();
    assert_eq!(status["records"]["receipts"], 40);
}

#[test]
fn bad_rows_are_reported_with_line_and_reason_and_the_rest_is_imported() {
    let home = Home::collecting(&["receipts"]);
    let file = home.file(
        "bank.csv",
        "Date,Description,Amount,Mood\n\
         2026-01-03,Green Basket,-71.57,good\n\
         2026-01-99,Paper & Pen,-16.01,bad\n\
         2026-01-07,Lipa Bakery,a lot,bad\n\
         2026-01-09,Green Basket,-5.39,good\n\
         2026-01-09,Green Basket,-5.39,good\n",
    );
    let first = home.run(&["import", "--json", &file]).must_succeed().object();
    assert_eq!(
        (&first["added"], &first["rejected"]),
        (&3.into(), &2.into()),
        "{first}"
    );
    assert_eq!(first["rejections"][0]["line"], 3);
    assert_eq!(first["rejections"][1]["line"], 4);
    assert!(first["rejections"][0]["reason"].as_str().unwrap().len() > 10);
    assert_eq!(first["ignored_columns"], serde_json::json!(["Mood"]));

    let second = home.run(&["import", &file]).must_succeed().stdout;
    assert!(
        second.contains("nothing added, 3 already there, 2 rejected"),
        "{second}"
    );
    assert!(second.contains("Mood") && second.contains("Line"), "{second}");
}

#[test]
fn a_category_that_is_off_refuses_and_names_the_command_that_turns_it_on() {
    let home = Home::with_vault();
    let refused = home.run(&["import", &sample("purchases.csv")]).must_fail(7);
    assert!(
        refused.stderr.contains("`vault collect receipts on`"),
        "{}",
        refused.stderr
    );
    let refused = home.run(&["add", "cards", "brand=Acme", "--json"]).must_fail(7);
    assert_eq!(refused.error()["code"], "collection_not_allowed");
    home.run(&["collect", "receipts", "on"]).must_succeed();
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    home.run(&["collect", "receipts", "off"]).must_succeed();
    home.run(&["add", "receipts", "brand=Acme"]).must_fail(7);
}

#[test]
fn an_import_that_breaks_off_says_what_it_added() {
    let home = Home::collecting(&["locations"]);
    let whole = fs::read_to_string(sample("walk.gpx")).unwrap();
    let cut: String = whole.lines().take(20).collect::<Vec<_>>().join("\n");
    let file = home.file("cut.gpx", &cut);
    let missing = home.folder.path().join("missing.csv").display().to_string();
    let answer = home
        .run(&["import", "--json", &file, &missing, &sample("walk.gpx")])
        .must_fail(1);
    let objects = answer.objects();
    assert!(objects[0]["added"].as_u64().unwrap() > 5, "{}", objects[0]);
    assert_eq!(objects[0]["error"]["code"], "import");
    assert_eq!(objects[1]["error"]["code"], "not_found");
    assert_eq!(objects[2]["rejected"], 0);
    assert_eq!(
        objects[2]["added"].as_u64().unwrap() + objects[0]["added"].as_u64().unwrap(),
        61
    );
    let message = answer.error()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("2 of 3 files"), "{message}");
}

#[test]
fn standard_input_is_imported_too() {
    let home = Home::collecting(&["receipts"]);
    let line = r#"{"category":"receipts","fields":{"brand":"Acme","total_cost":"1.50"}}"#;
    let answer = home
        .run_with_input(&["import", "--json", "-"], line)
        .must_succeed();
    assert_eq!(answer.object()["added"], 1);
}

#[test]
fn a_sensitive_category_is_turned_on_only_by_a_typed_yes() {
    let home = Home::with_vault();
    let turn_on = ["collect", "health", "on", "--json"];
    assert!(
        home.run_with_input(&turn_on, "y\n")
            .must_fail(7)
            .stderr
            .contains("stays off")
    );
    home.run(&turn_on).must_fail(7);
    let on = home.run_with_input(&turn_on, "yes\n").must_succeed().object();
    assert_eq!(on["collected"], true);
    home.run(&turn_on).must_succeed();
    let all = home.run(&["collect", "--json"]).must_succeed().objects();
    assert_eq!(all.len(), 10);
    assert_eq!(
        all.iter()
            .filter(|category| category["collected"] == true)
            .count(),
        1
    );
}
