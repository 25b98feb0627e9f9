//! What an owner can rely on, through the public door and without any server.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test's fixture cannot do fails the test"
)]

use std::sync::Arc;

use proptest::prelude::*;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_core::{
    Category, Error, Host, ManualClock, NewRecord, Options, Query, Randomness, RawKey, RecordId, Secret,
    Timestamp, Value, Vault, VaultFile, import::ImportOptions, wire::terms::TimeRange,
};

struct Fixture {
    vault: Vault,
    file: VaultFile,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

fn host(clock: Arc<ManualClock>, seed: u64) -> Host {
    Host {
        clock,
        randomness: Randomness::new(ChaCha20Rng::seed_from_u64(seed)),
        options: Options::default(),
        anchor: None,
    }
}

fn key() -> RawKey {
    RawKey::new(&[5; 32])
}

fn fixture(seed: u64) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let file = VaultFile::at(folder.path().join("mine.vault"));
    let clock = Arc::new(ManualClock::new(at(1_000)));
    let vault = file.create_with_key(&key(), host(clock.clone(), seed)).unwrap();
    Fixture {
        vault,
        file,
        clock,
        _folder: folder,
    }
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(seconds * 1_000)
}

fn receipt(brand: &str, when: Option<Timestamp>) -> NewRecord {
    let record = NewRecord::new(Category::Receipts).with("brand", Value::Text(brand.into()));
    NewRecord {
        occurred_at: when,
        ..record
    }
}

fn brands(vault: &Vault, query: &Query) -> Vec<String> {
    let brand = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    vault
        .query(query)
        .unwrap()
        .iter()
        .map(|record| brand(&record.fields["brand"]))
        .collect()
}

#[test]
fn nothing_is_collected_before_the_owner_allows_it_and_health_does_not_follow_from_receipts() {
    let vault = fixture(1).vault;
    assert!(matches!(
        vault.put(receipt("a", None)),
        Err(Error::CollectionNotAllowed {
            category: Category::Receipts
        })
    ));
    vault.allow_collection(Category::Receipts).unwrap();
    vault.put(receipt("a", None)).unwrap();
    assert!(vault.put(NewRecord::new(Category::Health)).is_err());
    vault.forbid_collection(Category::Receipts).unwrap();
    assert!(vault.put(receipt("b", None)).is_err());
    assert_eq!(
        brands(&vault, &Query::of(Category::Receipts)),
        ["a"],
        "what is there stays"
    );
}

#[test]
fn records_are_found_by_time_across_1970_and_those_without_a_time_come_first() {
    let vault = fixture(2).vault;
    vault.allow_collection(Category::Receipts).unwrap();
    for (brand, when) in [
        ("later", Some(at(50))),
        ("never", None),
        ("1901", Some(at(-2_000_000_000))),
        ("epoch", Some(at(0))),
    ] {
        vault.put(receipt(brand, when)).unwrap();
    }
    let all = Query::of(Category::Receipts);
    assert_eq!(brands(&vault, &all), ["never", "1901", "epoch", "later"]);
    assert_eq!(
        brands(
            &vault,
            &Query {
                newest_first: true,
                limit: 1,
                ..all
            }
        ),
        ["later"]
    );
    let until = TimeRange {
        from: None,
        to: Some(at(50)),
    };
    assert_eq!(
        brands(&vault, &Query { time: until, ..all }),
        ["1901", "epoch"],
        "a bound leaves out what has no time"
    );
    let from = TimeRange {
        from: Some(at(0)),
        to: None,
    };
    assert_eq!(brands(&vault, &Query { time: from, ..all }), ["epoch", "later"]);
}

#[test]
fn an_update_moves_the_record_in_time_and_a_deleted_one_is_gone() {
    let Fixture {
        vault,
        clock,
        _folder,
        ..
    } = fixture(3);
    vault.allow_collection(Category::Receipts).unwrap();
    let id = vault.put(receipt("old", Some(at(10)))).unwrap();
    clock.advance_ms(5_000);
    vault.update(id, receipt("new", Some(at(20)))).unwrap();
    let record = vault.get(id).unwrap();
    assert!(record.updated_at > record.created_at);
    assert_eq!(brands(&vault, &Query::of(Category::Receipts)), ["new"]);
    vault.delete(id).unwrap();
    assert!(matches!(vault.get(id), Err(Error::NotFound("record"))));
    assert!(vault.query(&Query::of(Category::Receipts)).unwrap().is_empty());
    assert!(matches!(vault.delete(id), Err(Error::NotFound("record"))));
}

#[test]
fn a_record_the_catalogue_does_not_allow_is_refused_by_field() {
    let vault = fixture(4).vault;
    vault.allow_collection(Category::Receipts).unwrap();
    let wrong = [
        ("shoe_size", Value::Int(43)),
        ("total_cost", Value::Text("ten".into())),
        ("currency", Value::Text("euro".into())),
        ("purchase_location.lat", Value::Float(91.0)),
        ("purchased_at", Value::Timestamp(at(1))),
    ];
    for (field, value) in wrong {
        match vault.put(NewRecord::new(Category::Receipts).with(field, value)) {
            Err(Error::InvalidRecord { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    let vault = fixture(5).vault;
    vault.allow_collection(Category::Receipts).unwrap();
    let bad = NewRecord::new(Category::Receipts).with("shoe_size", Value::Int(43));
    assert!(vault.put_batch(vec![receipt("a", None), bad]).is_err());
    assert!(vault.query(&Query::of(Category::Receipts)).unwrap().is_empty());
}

#[test]
fn a_locked_vault_answers_only_that_and_opens_again_with_everything() {
    let Fixture {
        vault,
        file,
        clock,
        _folder,
    } = fixture(6);
    vault.allow_collection(Category::Receipts).unwrap();
    vault.put(receipt("kept", None)).unwrap();
    let clone = vault.clone();
    vault.lock();
    assert!(matches!(clone.put(receipt("x", None)), Err(Error::Locked)));
    let again = file.open(&Secret::RawKey(&key()), host(clock, 7)).unwrap();
    assert_eq!(brands(&again, &Query::of(Category::Receipts)), ["kept"]);
}

#[test]
fn a_second_opener_and_a_wrong_key_are_told_so() {
    let Fixture {
        vault,
        file,
        clock,
        _folder,
    } = fixture(8);
    let open = |key: &RawKey| file.open(&Secret::RawKey(key), host(clock.clone(), 9)).map(drop);
    assert!(matches!(open(&key()), Err(Error::File(vault_file::Error::Busy))));
    vault.lock();
    assert!(matches!(
        open(&RawKey::new(&[6; 32])),
        Err(Error::File(vault_file::Error::WrongSecret))
    ));
    open(&key()).unwrap();
}

#[test]
fn a_file_with_bad_rows_gives_the_good_ones_and_a_second_import_adds_nothing() {
    let vault = fixture(10).vault;
    vault.allow_collection(Category::Receipts).unwrap();
    let file = "Date,Description,Amount,Transaction Type\n\
                2026-01-02,Bakery,3.20,debit\n\
                2026-01-02,Bakery,3.20,debit\n\
                not a day,Bakery,3.20,debit\n\
                2026-01-03,Bakery,free,debit\n";
    let import = || {
        vault
            .import(
                file.as_bytes(),
                Some("bank.csv"),
                &ImportOptions::default(),
                |_| {},
            )
            .unwrap()
    };
    let first = import();
    assert_eq!(
        (first.added, first.duplicates, first.rejected),
        (2, 0, 2),
        "equal rows are separate events"
    );
    assert_eq!(
        first
            .reasons
            .iter()
            .map(|rejected| rejected.place)
            .collect::<Vec<_>>(),
        [4, 5]
    );
    let second = import();
    assert_eq!((second.added, second.duplicates, second.rejected), (0, 2, 2));
}

#[test]
fn an_import_into_a_category_that_is_off_changes_nothing() {
    let vault = fixture(11).vault;
    let file = "Date,Description,Amount\n2026-01-02,Bakery,3.20\n";
    let refused = vault.import(file.as_bytes(), None, &ImportOptions::default(), |_| {});
    assert!(matches!(
        refused,
        Err(Error::CollectionNotAllowed {
            category: Category::Receipts
        })
    ));
}

#[test]
fn no_text_of_a_record_can_be_found_in_the_file() {
    let Fixture {
        vault, file, _folder, ..
    } = fixture(12);
    vault.allow_collection(Category::Receipts).unwrap();
    vault.put(receipt("unmistakable brand", None)).unwrap();
    vault.lock();
    let bytes = std::fs::read(file.path()).unwrap();
    for text in ["unmistakable brand", "brand", "receipts"] {
        assert!(
            !bytes.windows(text.len()).any(|window| window == text.as_bytes()),
            "{text}"
        );
    }
}

/// What the owner may do to records, as a property test draws it.
#[derive(Clone, Debug)]
enum Act {
    Put(u8, Option<i32>),
    Update(usize, u8, Option<i32>),
    Delete(usize),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<u8>(), any::<Option<i32>>()).prop_map(|(brand, when)| Act::Put(brand, when)),
        2 => (any::<usize>(), any::<u8>(), any::<Option<i32>>()).prop_map(|(pick, brand, when)| Act::Update(pick, brand, when)),
        1 => any::<usize>().prop_map(Act::Delete),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The vault agrees with a plain list, whatever is done to it, also after it was closed.
    #[test]
    fn the_vault_agrees_with_a_plain_list(acts in proptest::collection::vec(any_act(), 1..40)) {
        let Fixture { vault, file, clock, _folder } = fixture(13);
        vault.allow_collection(Category::Receipts).unwrap();
        let mut model: Vec<(RecordId, String, Option<Timestamp>)> = Vec::new();
        for act in acts {
            match act {
                Act::Put(brand, when) => {
                    let (brand, when) = (brand.to_string(), when.map(|s| at(s.into())));
                    let id = vault.put(receipt(&brand, when)).unwrap();
                    model.push((id, brand, when));
                }
                Act::Update(pick, brand, when) if !model.is_empty() => {
                    let place = pick % model.len();
                    let (brand, when) = (brand.to_string(), when.map(|s| at(s.into())));
                    vault.update(model[place].0, receipt(&brand, when)).unwrap();
                    model[place] = (model[place].0, brand, when);
                }
                Act::Delete(pick) if !model.is_empty() => {
                    vault.delete(model.remove(pick % model.len()).0).unwrap();
                }
                Act::Update(..) | Act::Delete(_) => {}
            }
        }
        model.sort_by_key(|(id, _, when)| (*when, *id));
        let expected: Vec<_> = model.iter().map(|(_, brand, _)| brand.clone()).collect();
        prop_assert_eq!(&brands(&vault, &Query::of(Category::Receipts)), &expected);
        vault.lock();
        let again = file.open(&Secret::RawKey(&key()), host(clock, 14)).unwrap();
        prop_assert_eq!(brands(&again, &Query::of(Category::Receipts)), expected);
    }
}
