//! Imports of files that people have. The files are beside the project, not in it.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use harness::{Ask, World};
use vault_core::{
    Category::{Health, Locations, Receipts},
    import::{Format, ImportOptions},
};

/// A real file, if it is there.
#[expect(
    clippy::print_stdout,
    reason = "who runs the tests must see what they did not look at"
)]
fn real(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    if !path.exists() {
        println!("SKIPPED: {name} is not in shared/data beside this clone");
    }
    path.exists().then_some(path)
}

const FILES: [&str; 4] = [
    "korita-zbevnica.gpx",
    "mojstrovka.gpx",
    "personal_transactions.csv",
    "fitbit_daily_activity.csv",
];

#[tokio::test(flavor = "multi_thread")]
async fn real_files_are_imported_whole_and_a_second_time_adds_nothing() {
    let mut world = World::new(140).await;
    let device = world.offline_device();
    let import = |name: &str, path: &Path| {
        let file = File::open(path).unwrap();
        device
            .vault
            .import(file, Some(name), &ImportOptions::default(), |_| {})
            .unwrap()
    };
    let mut counts = BTreeMap::new();
    for name in FILES {
        let Some(path) = real(name) else { return };
        let first = import(name, &path);
        let again = import(name, &path);
        assert_eq!((again.added, again.duplicates), (0, first.added), "{name}");
        for (category, count) in first.by_category {
            *counts.entry(category).or_insert(0) += count;
        }
    }
    assert!(counts[&Locations] >= 1_000, "{counts:?}");
    assert!(counts[&Receipts] >= 880, "{counts:?}");
    assert!(counts[&Health] >= 930, "{counts:?}");
    let held: BTreeMap<_, _> = device
        .vault
        .status()
        .unwrap()
        .records
        .into_iter()
        .filter(|(_, n)| *n > 0)
        .collect();
    assert_eq!(held, counts);
    let undated = device
        .records(Locations)
        .into_iter()
        .filter(|point| point.occurred_at.is_none())
        .count();
    assert!(
        undated > 300,
        "a third of the points carry no time, and none is invented: {undated}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_real_files_hold_reaches_the_developer_who_may_have_it() {
    let mut world = World::new(141).await;
    let device = world.device().await;
    for name in FILES {
        let Some(path) = real(name) else { return };
        let file = File::open(&path).unwrap();
        device
            .vault
            .import(file, Some(name), &ImportOptions::default(), |_| {})
            .unwrap();
    }
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    for (category, fields) in [
        (Receipts, &["brand", "total_cost", "purchased_at"][..]),
        (Health, &["metric", "value", "unit", "measured_at"]),
        (Locations, &["lat", "lon", "altitude_m", "observed_at"]),
    ] {
        developer.ask(&Ask::for_fields(category, fields), &subject).await;
        device.grant(|all| all).await;
        let read = developer.read_all(&subject, category, None).await.unwrap();
        assert_eq!(read.len(), device.records(category).len(), "{category}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_reported_with_line_and_reason_and_the_rest_is_imported() {
    let mut world = World::new(142).await;
    let device = world.offline_device();
    let table = "Date,Description,Amount,Transaction Type\n\
                 2026-01-02,Bakery,3.20,debit\n\
                 not a day,Bakery,3.20,debit\n\
                 2026-01-03,Bakery,three,debit\n\
                 2026-01-04,Bakery,4.10,debit\n\
                 2026-01-04,Bakery,4.10,debit\n";
    let import = || {
        device
            .vault
            .import(table.as_bytes(), Some("t.csv"), &ImportOptions::default(), |_| {})
            .unwrap()
    };
    let first = import();
    assert_eq!(
        (first.format, first.added, first.rejected),
        (Some(Format::Csv), 3, 2),
        "{:?}",
        first.reasons
    );
    let lines: Vec<_> = first.reasons.iter().map(|rejected| rejected.place).collect();
    assert_eq!(lines, [3, 4]);
    assert!(
        first.reasons.iter().all(|rejected| !rejected.reason.is_empty()),
        "{:?}",
        first.reasons
    );
    let second = import();
    assert_eq!(
        (second.added, second.duplicates),
        (0, 3),
        "equal rows of one file are separate events"
    );
    assert_eq!(device.records(Receipts).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_no_known_kind_adds_nothing_and_says_what_to_do() {
    let mut world = World::new(143).await;
    let device = world.offline_device();
    let files: [(&str, &[u8]); 5] = [
        ("empty.csv", b""),
        ("photo.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("other.xml", b"<?xml version=\"1.0\"?><html></html>"),
        ("unknown.csv", b"one,two\n1,2\n"),
        ("array.json", b"[1, 2, 3]"),
    ];
    for (name, bytes) in files {
        let error = device
            .vault
            .import(bytes, Some(name), &ImportOptions::default(), |_| {})
            .unwrap_err();
        assert!(matches!(error, vault_core::Error::Import(_)), "{name}: {error}");
    }
    let cut = "<gpx version=\"1.1\"><trk><trkseg><trkpt lat=\"46\" lon=\"14\"/><trkpt lat=\"46.1\" lon=\"14.1\"/><trkp";
    assert!(
        device
            .vault
            .import(cut.as_bytes(), Some("cut.gpx"), &ImportOptions::default(), |_| {})
            .is_err()
    );
    assert_eq!(
        device.records(Locations).len(),
        2,
        "what came before the cut is kept"
    );
}
