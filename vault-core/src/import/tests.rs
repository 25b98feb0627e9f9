//! Whole files through the front door, real ones among them.

#![expect(
    clippy::print_stdout,
    reason = "a test says what it skipped, and how much real files gave"
)]

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    path::PathBuf,
};

use super::*;
use proptest::prelude::*;

fn import(bytes: &[u8], options: &ImportOptions) -> Result<Vec<Item>, ImportError> {
    open(bytes, None, options)?.collect()
}

fn split(items: Vec<Item>) -> (Vec<Draft>, Vec<Rejected>) {
    let (mut drafts, mut rejections) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Draft(draft) => drafts.push(draft),
            Item::Rejected(rejected) => rejections.push(rejected),
        }
    }
    (drafts, rejections)
}

/// A file that other people recorded, or nothing where it is not at hand.
fn real_file(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: {name} is not at hand");
    None
}

fn import_real(name: &str) -> Option<(Vec<Draft>, Vec<Rejected>)> {
    let path = real_file(name)?;
    let size = fs::metadata(&path).unwrap().len();
    let mut reader = open(File::open(&path).unwrap(), Some(name), &ImportOptions::default()).unwrap();
    let items: Vec<_> = reader.by_ref().map(|item| item.unwrap()).collect();
    assert_eq!(reader.bytes_read(), size, "all of the file was read");
    let (drafts, rejections) = split(items);
    println!(
        "{name}: {} drafts, {} rejected, ignored columns {:?}, assumed order {:?}",
        drafts.len(),
        rejections.len(),
        reader.ignored_columns(),
        reader.assumed_day_order(),
    );
    let hashes: HashSet<_> = drafts.iter().map(|draft| draft.dedup).collect();
    assert_eq!(
        hashes.len(),
        drafts.len(),
        "no two records of one file have one hash"
    );
    Some((drafts, rejections))
}

#[test]
fn recorded_hikes_import_whole() {
    let (Some((korita, bad)), Some((mojstrovka, also_bad))) =
        (import_real("korita-zbevnica.gpx"), import_real("mojstrovka.gpx"))
    else {
        return;
    };
    assert!(bad.is_empty() && also_bad.is_empty());
    assert_eq!(korita.len() + mojstrovka.len(), 2 + 871 + 184);
    assert_eq!(
        korita.iter().filter(|draft| draft.occurred_at.is_some()).count(),
        513
    );
    assert!(
        mojstrovka
            .iter()
            .all(|draft| draft.occurred_at.unwrap().to_string() == "1901-12-13T20:45:52.207Z")
    );
}

#[test]
fn years_of_purchases_import_whole() {
    let Some((drafts, rejections)) = import_real("personal_transactions.csv") else {
        return;
    };
    assert!(rejections.is_empty());
    assert_eq!(drafts.len(), 899);
    let credits = drafts
        .iter()
        .filter(|draft| draft.fields["direction"] == Value::Text("credit".into()));
    assert_eq!(credits.count(), 118);
    assert_eq!(drafts[0].occurred_at.unwrap().to_string(), "2018-01-01T00:00:00Z");
    assert!(drafts.iter().all(|draft| draft.fields.len() == 6));
}

#[test]
fn a_month_of_activity_imports_whole() {
    let Some((drafts, rejections)) = import_real("fitbit_daily_activity.csv") else {
        return;
    };
    assert!(rejections.is_empty());
    let mut by_metric: BTreeMap<String, usize> = BTreeMap::new();
    for draft in &drafts {
        let Value::Text(metric) = &draft.fields["metric"] else {
            panic!("no metric")
        };
        *by_metric.entry(metric.clone()).or_default() += 1;
    }
    println!("{by_metric:?}");
    assert_eq!(by_metric["steps"], 940);
    assert_eq!(drafts.len(), 940 * 13);
    assert_eq!(drafts[0].fields["value"], Value::Decimal(13162.into()));
    assert_eq!(drafts[0].fields["unit"], Value::Text("{steps}".into()));
    assert_eq!(drafts[0].occurred_at.unwrap().to_string(), "2016-04-12T00:00:00Z");
}

#[test]
fn our_samples_import_whole() {
    let samples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bindings/cli/samples");
    if !samples.exists() {
        println!("SKIPPED: the samples of the vault command are not at hand");
        return;
    }
    for (name, category, at_least) in [
        ("walk.gpx", Category::Locations, 60),
        ("purchases.csv", Category::Receipts, 40),
        ("activity.csv", Category::Health, 30),
    ] {
        let mut reader = open(
            File::open(samples.join(name)).unwrap(),
            None,
            &ImportOptions::default(),
        )
        .unwrap();
        assert_eq!(reader.category(), Some(category));
        let (drafts, rejections) = split(reader.by_ref().collect::<Result<_, _>>().unwrap());
        assert!(rejections.is_empty(), "{name}: {rejections:?}");
        assert!(drafts.len() >= at_least, "{name}: {}", drafts.len());
        assert!(reader.ignored_columns().is_empty(), "{name}");
    }
}

#[test]
fn an_overlapping_export_adds_only_what_is_new() {
    let january = b"Date,Shop,Total\n2026-01-01,A,1.00\n2026-01-02,B,2.00\n2026-01-02,B,2.00\n";
    let later = b"Date,Shop,Total\n2026-01-02,B,2.0\n2026-01-02,B,2.0\n2026-01-03,C,3\n";
    let hashes = |bytes: &[u8]| -> HashSet<_> {
        split(import(bytes, &ImportOptions::default()).unwrap())
            .0
            .iter()
            .map(|draft| draft.dedup)
            .collect()
    };
    let (first, second) = (hashes(january), hashes(later));
    assert_eq!((first.len(), second.len()), (3, 3));
    assert_eq!(second.difference(&first).count(), 1);
}

#[test]
fn a_byte_order_mark_changes_nothing() {
    for file in [
        &b"Date,Shop,Total\n2026-01-01,A,1\n"[..],
        b"<gpx><wpt lat='1' lon='2'/></gpx>",
        b"{\"category\":\"cards\",\"card_name\":\"A\"}",
    ] {
        let marked = [UTF8_MARK, file].concat();
        let mut reader = open(marked.as_slice(), None, &ImportOptions::default()).unwrap();
        assert_eq!(
            reader
                .by_ref()
                .filter(|item| matches!(item, Ok(Item::Draft(_))))
                .count(),
            1
        );
        assert_eq!(reader.bytes_read(), marked.len() as u64);
    }
}

#[test]
fn names_in_an_old_encoding_are_read() {
    let gpx = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><gpx><wpt lat='1' lon='2'><name>Caf\xe9</name></wpt></gpx>";
    let csv = b"Date,Shop,Total\n2026-01-01,Caf\xe9,1\n";
    for (file, path) in [(&gpx[..], "place"), (&csv[..], "brand")] {
        let (drafts, _) = split(import(file, &ImportOptions::default()).unwrap());
        assert_eq!(drafts[0].fields[path], Value::Text("Café".into()));
    }
}

#[test]
fn nothing_follows_an_error() {
    let mut reader = open(&b"<gpx><wpt"[..], None, &ImportOptions::default()).unwrap();
    assert!(matches!(reader.next(), Some(Err(ImportError::BrokenXml { .. }))));
    assert!(reader.next().is_none());
}

#[test]
fn an_empty_file_says_that_it_is_empty() {
    for name in ["a.csv", "a.gpx"] {
        let result = open(&b""[..], Some(name), &ImportOptions::default())
            .and_then(Iterator::collect::<Result<Vec<_>, _>>);
        assert!(matches!(result, Err(ImportError::Empty)), "{name}");
    }
    assert_eq!(
        open(&b""[..], Some("a.jsonl"), &ImportOptions::default())
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_currency_that_is_none_is_refused_before_anything_is_read() {
    let options = |code: &str| ImportOptions {
        currency: Some(code.into()),
        ..ImportOptions::default()
    };
    let file = &b"Date,Shop,Total\n2026-01-01,A,1\n"[..];
    assert!(matches!(
        import(file, &options("euros")),
        Err(ImportError::NotACurrency { .. })
    ));
    let (drafts, _) = split(import(file, &options("eur")).unwrap());
    assert_eq!(drafts[0].fields["currency"], Value::Text("EUR".into()));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic_or_yield_more_than_it_holds(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(reader) = open(bytes.as_slice(), None, &ImportOptions::default()) {
            prop_assert!(reader.count() <= bytes.len() + 1);
        }
    }

    #[test]
    fn every_draft_fits_the_catalogue(rows in prop::collection::vec("[0-9a-z/.,\"$() -]{0,40}", 0..20)) {
        let file = format!("Date,Shop,Total,Type,City\n{}", rows.join("\n"));
        let (drafts, _) = split(import(file.as_bytes(), &ImportOptions::default()).unwrap());
        for draft in drafts {
            for (path, value) in &draft.fields {
                prop_assert!(draft.category.spec().kind_of(path).unwrap().accepts(value));
            }
        }
    }
}
