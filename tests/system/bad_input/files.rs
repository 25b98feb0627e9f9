//! What is wrong with a vault file, with its secret, or with what is put into it.

use std::{fs, sync::Arc};

use harness::{World, receipt};
use vault_core::{
    Category::{Health, Receipts},
    Clock, Error, Host, KdfParams, NewRecord, Options, Passphrase, Randomness, RawKey, Secret, Value,
    VaultFile,
};

fn host(world: &World, options: Options) -> Host {
    Host {
        clock: Arc::clone(&world.clocks.vaults) as Arc<dyn Clock>,
        randomness: Randomness::new(world.dice.clone().generator()),
        options,
        anchor: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_opens_nothing_and_the_right_one_still_does() {
    let world = World::new(200).await;
    let path = world.place("passphrase.vault");
    let options = Options {
        kdf: KdfParams::FLOOR,
        ..Options::default()
    };
    let (right, wrong) = (
        Passphrase::new("right words").unwrap(),
        Passphrase::new("wrong words").unwrap(),
    );
    let file = VaultFile::at(&path);
    drop(file.create(&right, host(&world, options)).unwrap());
    let before = fs::read(&path).unwrap();
    let open = |secret: &Secret<'_>| file.open(secret, host(&world, options));
    let refused = open(&Secret::Passphrase(&wrong)).unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::WrongSecret)),
        "{refused}"
    );
    let key = RawKey::new(&[7; 32]);
    let refused = open(&Secret::RawKey(&key)).unwrap_err();
    assert!(
        matches!(
            refused,
            Error::File(vault_core::FileError::SlotUnavailable { .. })
        ),
        "{refused}"
    );
    assert!(fs::read(&path).unwrap() == before, "a refusal writes nothing");
    assert!(open(&Secret::Passphrase(&right)).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_opener_is_told_that_the_vault_is_open_and_the_first_goes_on() {
    let mut world = World::new(201).await;
    let device = world.offline_device();
    let key = RawKey::new(&device.key);
    let file = VaultFile::at(device.path());
    let refused = file
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::Busy)),
        "{refused}"
    );
    let refused = file
        .create_with_key(&key, host(&world, Options::default()))
        .unwrap_err();
    assert!(
        matches!(refused, Error::File(vault_core::FileError::AlreadyExists)),
        "{refused}"
    );
    device
        .vault
        .put(receipt(world.clocks.time(), "Acme", "1", "card"))
        .unwrap();
    device.vault.lock();
    assert!(matches!(device.vault.status(), Err(Error::Locked)));
    let again = file
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap();
    assert_eq!(
        again
            .status()
            .unwrap()
            .records
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_or_foreign_file_is_an_error_and_is_left_as_it_is() {
    let mut world = World::new(202).await;
    let device = world.offline_device();
    let now = world.clocks.time();
    let many = (0..500).map(|n| receipt(now, &format!("brand {n}"), "1", "card"));
    device.vault.put_batch(many.collect()).unwrap();
    device.vault.lock();
    let whole = fs::read(device.path()).unwrap();
    let (key, place) = (RawKey::new(&device.key), world.place("odd.vault"));
    let mut odd: Vec<Vec<u8>> = [
        0,
        1,
        4_095,
        4_096,
        20_480,
        24_576,
        whole.len() / 2,
        whole.len() - 1,
    ]
    .map(|length| whole[..length].to_vec())
    .into();
    odd.push(b"SQLite format 3\0".repeat(4_096));
    odd.push(world.dice.bytes::<65_536>().to_vec());
    for bytes in odd {
        fs::write(&place, &bytes).unwrap();
        let opened = VaultFile::at(&place).open(&Secret::RawKey(&key), host(&world, Options::default()));
        // A cut at the very end may only cost room that nothing uses; then all records are there.
        match opened.map(|vault| {
            vault
                .status()
                .unwrap()
                .records
                .iter()
                .map(|(_, count)| count)
                .sum::<u64>()
        }) {
            Ok(count) => assert_eq!((count, bytes.len() + 1), (500, whole.len())),
            Err(Error::File(_)) => assert!(
                fs::read(&place).unwrap() == bytes,
                "{} bytes were changed",
                bytes.len()
            ),
            Err(error) => panic!("{} bytes: {error}", bytes.len()),
        }
    }
    let missing = VaultFile::at(world.place("no such.vault"));
    assert!(matches!(
        missing.open(&Secret::RawKey(&key), host(&world, Options::default())),
        Err(Error::File(_))
    ));
    assert_eq!(device.reopened(&mut world.dice).records(Receipts).len(), 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_without_room_says_so_and_keeps_all_that_it_had_taken() {
    let world = World::new(203).await;
    let (path, key) = (world.place("small.vault"), RawKey::new(&[7; 32]));
    let small = Options {
        max_file_bytes: 2 << 20,
        ..Options::default()
    };
    let vault = VaultFile::at(&path)
        .create_with_key(&key, host(&world, small))
        .unwrap();
    vault.allow_collection(Receipts).unwrap();
    let now = world.clocks.time();
    let mut kept = 0;
    let refused = loop {
        let hundred = (0..100).map(|n| receipt(now, &format!("brand {n} {}", "x".repeat(200)), "1", "card"));
        match vault.put_batch(hundred.collect()) {
            Ok(_) => kept += 100,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, Error::File(vault_core::FileError::TooLarge { .. })),
        "{refused}"
    );
    drop(vault);
    let vault = VaultFile::at(&path)
        .open(&Secret::RawKey(&key), host(&world, Options::default()))
        .unwrap();
    let count: u64 = vault
        .status()
        .unwrap()
        .records
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert_eq!(count, kept, "with more room, everything that was taken is there");
    vault.put(receipt(now, "one more", "1", "card")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_catalogue_or_the_owner_does_not_allow_is_refused() {
    let mut world = World::new(204).await;
    let device = world.offline_device();
    let bad = [
        NewRecord::new(Receipts).with("no_such_field", Value::Text("x".into())),
        NewRecord::new(Receipts).with("total_cost", Value::Text("nine".into())),
        NewRecord::new(Receipts).with("currency", Value::Text("euro".into())),
        NewRecord::new(Receipts).with("purchase_location.lat", Value::Float(91.0)),
        NewRecord::new(Receipts).with("purchase_location.lat", Value::Float(f64::NAN)),
    ];
    for record in bad {
        let refused = device.vault.put(record).unwrap_err();
        assert!(matches!(refused, Error::InvalidRecord { .. }), "{refused}");
    }
    device.vault.forbid_collection(Health).unwrap();
    let refused = device.vault.put(NewRecord::new(Health)).unwrap_err();
    assert!(
        matches!(refused, Error::CollectionNotAllowed { category: Health }),
        "{refused}"
    );
    let batch = vec![
        receipt(world.clocks.time(), "good", "1", "card"),
        NewRecord::new(Health),
    ];
    assert!(device.vault.put_batch(batch).is_err());
    assert_eq!(device.records(Receipts).len(), 0, "all of a batch, or none");
    assert!(matches!(
        device.vault.sync(|_| {}).await,
        Err(Error::NotConnected)
    ));
}
