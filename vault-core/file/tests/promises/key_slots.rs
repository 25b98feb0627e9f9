//! Any slot opens the file, a removed one never again, and nobody is locked out.

use sha2::{Digest, Sha256};
use vault_file::{
    Error, KdfParams, KeyStoreError, NewSlot, Options, PLATFORM_BLOB_BYTES_MAX, Part, Passphrase, RawKey,
    RecoveryCode, SealedFile, Secret, SlotId, SlotKind,
};

use crate::history::{History, content, entropy};
use crate::key_store::MemoryKeyStore;
use crate::simulated_disk::SimulatedDisk;

const HEADER_BYTES: usize = 4096;
const HEADER_COPIES: [usize; 2] = [0, 20480];
const SLOTS_AT: usize = 256;
const SLOT_BYTES: usize = 448;
const IDENTITY: [u8; 32] = [0xD1; 32];

fn light() -> Options {
    Options {
        kdf: KdfParams::FLOOR,
        cache_bytes: 1024 * 1024,
        ..Options::default()
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn raw(byte: u8) -> RawKey {
    RawKey::new(&[byte; 32])
}

fn create(disk: &SimulatedDisk, slots: &[NewSlot<'_>]) -> SealedFile {
    SealedFile::create_on(disk.handle(), slots, entropy(1), &light()).unwrap()
}

fn open(disk: &SimulatedDisk, secret: Secret<'_>) -> Result<SealedFile, Error> {
    SealedFile::open_on(disk.handle(), &secret, entropy(2), &light())
}

fn kinds(file: &SealedFile) -> Vec<SlotKind> {
    file.slots().iter().map(|slot| slot.kind).collect()
}

fn slot_of(file: &SealedFile, kind: SlotKind) -> SlotId {
    file.slots().iter().find(|slot| slot.kind == kind).unwrap().id
}

#[test]
fn a_slot_of_each_kind_opens_the_file_and_says_which_it_was() {
    let disk = SimulatedDisk::default();
    let (typed, key, store) = (passphrase("correct horse"), raw(7), MemoryKeyStore::new(0x5A));
    let file = create(&disk, &[NewSlot::Passphrase(&typed)]);
    let subkey = *file.derive_key("records").as_bytes();
    file.add_slot(NewSlot::RawKey(&key)).unwrap();
    file.add_slot(NewSlot::Platform(&store)).unwrap();
    let code = file.create_recovery(IDENTITY).unwrap();
    let slots = file.slots();
    assert_eq!(
        kinds(&file),
        [
            SlotKind::Passphrase,
            SlotKind::RawKey,
            SlotKind::Platform,
            SlotKind::Recovery
        ]
    );
    assert_eq!(slots[0].kdf, Some(KdfParams::FLOOR));
    assert_eq!(slots[3].identity, Some(IDENTITY));
    drop(file);

    let typed_code = RecoveryCode::parse(code.reveal().as_str()).unwrap();
    let secrets = [
        Secret::Passphrase(&typed),
        Secret::RawKey(&key),
        Secret::Platform(&store),
        Secret::Recovery(&typed_code),
    ];
    for (secret, slot) in secrets.into_iter().zip(&slots) {
        let file = open(&disk, secret).unwrap();
        assert_eq!(file.opened_by(), Some(slot.id), "{secret:?}");
        assert_eq!(file.slots(), slots);
        assert_eq!(file.derive_key("records").as_bytes(), &subkey);
    }
}

#[test]
fn another_code_and_another_key_store_do_not_open_the_file() {
    let disk = SimulatedDisk::default();
    let store = MemoryKeyStore::new(0x5A);
    let file = create(&disk, &[NewSlot::RawKey(&raw(7)), NewSlot::Platform(&store)]);
    drop(file.create_recovery(IDENTITY).unwrap());
    drop(file);
    let other = RecoveryCode::generate(&entropy(99)).unwrap();
    assert!(matches!(
        open(&disk, Secret::Recovery(&other)),
        Err(Error::WrongSecret)
    ));
    let other = MemoryKeyStore::new(0x5B);
    assert!(matches!(
        open(&disk, Secret::Platform(&other)),
        Err(Error::KeyStore(KeyStoreError::KeyLost))
    ));
}

#[test]
fn a_key_store_that_fails_is_told_and_the_other_slots_still_open() {
    let disk = SimulatedDisk::default();
    let (lost, good) = (MemoryKeyStore::new(1), MemoryKeyStore::new(2));
    let slots = [
        NewSlot::RawKey(&raw(7)),
        NewSlot::Platform(&lost),
        NewSlot::Platform(&good),
    ];
    drop(create(&disk, &slots));
    drop(open(&disk, Secret::Platform(&good)).expect("the second slot is its own"));
    good.failure.set(Some(KeyStoreError::Refused));
    let refused = open(&disk, Secret::Platform(&good));
    assert!(matches!(refused, Err(Error::KeyStore(KeyStoreError::Refused))));
    let file = open(&disk, Secret::RawKey(&raw(7))).unwrap();
    let failed = file.add_slot(NewSlot::Platform(&good));
    assert!(matches!(failed, Err(Error::KeyStore(KeyStoreError::Refused))));
    assert_eq!(file.slots().len(), 3, "nothing was added");
}

#[test]
fn what_a_key_store_makes_of_the_key_fits_or_is_refused() {
    let disk = SimulatedDisk::default();
    let mut store = MemoryKeyStore::new(3);
    let file = create(&disk, &[NewSlot::RawKey(&raw(7))]);
    store.blob_bytes = PLATFORM_BLOB_BYTES_MAX + 1;
    assert!(matches!(
        file.add_slot(NewSlot::Platform(&store)),
        Err(Error::TooLarge { .. })
    ));
    store.blob_bytes = PLATFORM_BLOB_BYTES_MAX;
    file.add_slot(NewSlot::Platform(&store)).unwrap();
    drop(file);
    drop(open(&disk, Secret::Platform(&store)).unwrap());
}

#[test]
fn a_changed_passphrase_opens_and_the_old_one_does_not() {
    let disk = SimulatedDisk::default();
    let (first, second, third) = (passphrase("one"), passphrase("two"), passphrase("three"));
    let file = create(&disk, &[NewSlot::Passphrase(&first)]);
    file.change_passphrase(None, &second).unwrap();
    let wrong = file.change_passphrase(Some(&first), &third);
    assert!(matches!(wrong, Err(Error::WrongSecret)));
    file.change_passphrase(Some(&second), &third).unwrap();
    assert_eq!(kinds(&file), [SlotKind::Passphrase]);
    drop(file);
    assert!(matches!(
        open(&disk, Secret::Passphrase(&first)),
        Err(Error::WrongSecret)
    ));
    assert!(matches!(
        open(&disk, Secret::Passphrase(&second)),
        Err(Error::WrongSecret)
    ));
    drop(open(&disk, Secret::Passphrase(&third)).unwrap());
}

#[test]
fn of_several_passphrases_the_one_that_opened_the_file_is_changed() {
    let disk = SimulatedDisk::default();
    let (mine, yours, new) = (passphrase("mine"), passphrase("yours"), passphrase("new"));
    let file = create(&disk, &[NewSlot::Passphrase(&mine), NewSlot::Passphrase(&yours)]);
    assert!(matches!(
        file.change_passphrase(None, &new),
        Err(Error::InvalidInput { .. })
    ));
    drop(file);
    let file = open(&disk, Secret::Passphrase(&yours)).unwrap();
    file.change_passphrase(None, &new).unwrap();
    drop(file);
    drop(open(&disk, Secret::Passphrase(&mine)).unwrap());
    drop(open(&disk, Secret::Passphrase(&new)).unwrap());
    assert!(open(&disk, Secret::Passphrase(&yours)).is_err());

    let disk = SimulatedDisk::default();
    let file = create(&disk, &[NewSlot::RawKey(&raw(7))]);
    assert!(matches!(
        file.change_passphrase(None, &new),
        Err(Error::SlotUnavailable { .. })
    ));
}

#[test]
fn the_last_secret_that_is_sure_to_open_the_file_stays() {
    let store = MemoryKeyStore::new(1);
    let refused =
        |file: &SealedFile, kind| matches!(file.remove_slot(slot_of(file, kind)), Err(Error::LastSlot));

    let file = create(&SimulatedDisk::default(), &[NewSlot::RawKey(&raw(7))]);
    assert!(refused(&file, SlotKind::RawKey), "the only slot");
    file.add_slot(NewSlot::Platform(&store)).unwrap();
    assert!(refused(&file, SlotKind::RawKey), "only a key store would be left");
    file.remove_slot(slot_of(&file, SlotKind::Platform)).unwrap();

    drop(file.create_recovery(IDENTITY).unwrap());
    assert!(refused(&file, SlotKind::Recovery), "the last that a person holds");
    file.add_slot(NewSlot::Passphrase(&passphrase("x"))).unwrap();
    file.remove_slot(slot_of(&file, SlotKind::Recovery)).unwrap();
    file.remove_slot(slot_of(&file, SlotKind::RawKey)).unwrap();
    assert!(refused(&file, SlotKind::Passphrase));
    assert!(matches!(
        file.remove_slot(SlotId([0; 8])),
        Err(Error::NoSuchSlot { .. })
    ));

    let only_stores = [NewSlot::Platform(&store); 2];
    let disk = SimulatedDisk::default();
    let created = SealedFile::create_on(disk.handle(), &only_stores, entropy(1), &light());
    assert!(matches!(created, Err(Error::InvalidInput { .. })));
}

#[test]
fn a_file_holds_eight_slots_and_not_more() {
    let disk = SimulatedDisk::default();
    let file = create(&disk, &[NewSlot::RawKey(&raw(0))]);
    for byte in 1..8 {
        file.add_slot(NewSlot::RawKey(&raw(byte))).unwrap();
    }
    assert!(matches!(
        file.add_slot(NewSlot::RawKey(&raw(8))),
        Err(Error::InvalidInput { .. })
    ));
    drop(file);
    for byte in 0..8 {
        drop(open(&disk, Secret::RawKey(&raw(byte))).unwrap());
    }
}

/// A file from which the slot of `raw(8)` was removed, and the header as it was before.
fn with_a_removed_slot() -> (SimulatedDisk, Vec<u8>) {
    let disk = SimulatedDisk::default();
    drop(create(
        &disk,
        &[NewSlot::RawKey(&raw(7)), NewSlot::RawKey(&raw(8))],
    ));
    let before = disk.seen()[..HEADER_BYTES].to_vec();
    let file = open(&disk, Secret::RawKey(&raw(7))).unwrap();
    file.remove_slot(file.slots()[1].id).unwrap();
    (disk, before)
}

#[test]
fn an_old_header_put_back_does_not_bring_a_removed_slot_back() {
    let (disk, before) = with_a_removed_slot();
    assert!(matches!(
        open(&disk, Secret::RawKey(&raw(8))),
        Err(Error::WrongSecret)
    ));
    let put_back = |copies: &[usize]| {
        let mut image = disk.seen();
        for copy in copies {
            image[*copy..copy + HEADER_BYTES].copy_from_slice(&before);
        }
        image
    };
    let tampered = |image: Vec<u8>, key: &RawKey| {
        matches!(
            open(&SimulatedDisk::holding(image), Secret::RawKey(key)),
            Err(Error::Tampered { what: Part::Header })
        )
    };
    assert!(tampered(put_back(&HEADER_COPIES), &raw(7)));
    assert!(tampered(put_back(&HEADER_COPIES), &raw(8)));
    // Neither does it help to destroy either side of the commit slots, or what was written last.
    for slots in [4096..12288, 12288..20480] {
        let mut image = put_back(&HEADER_COPIES);
        image[slots].fill(0);
        assert!(tampered(image, &raw(8)));
    }
    for copy in HEADER_COPIES {
        let disk = SimulatedDisk::holding(put_back(&[copy]));
        let file = open(&disk, Secret::RawKey(&raw(7))).unwrap();
        assert_eq!(file.mended(), [Part::Header], "the newer copy counts");
        drop(file);
        assert!(open(&disk, Secret::RawKey(&raw(8))).is_err());
    }
}

/// Power fails between the two copies of a header: the removal was not acknowledged, but opening the file
/// completes it for good.
#[test]
fn a_header_change_that_was_cut_short_is_completed_by_opening() {
    let (disk, before) = with_a_removed_slot();
    let after = disk.seen()[..HEADER_BYTES].to_vec();
    let (old, _) = {
        let disk = SimulatedDisk::default();
        drop(create(
            &disk,
            &[NewSlot::RawKey(&raw(7)), NewSlot::RawKey(&raw(8))],
        ));
        (disk.seen(), ())
    };
    assert_eq!(&old[..HEADER_BYTES], &before, "equal seeds give equal files");
    let mut image = old;
    image[..HEADER_BYTES].copy_from_slice(&after);
    let disk = SimulatedDisk::holding(image);
    drop(open(&disk, Secret::RawKey(&raw(7))).unwrap());
    let mut image = disk.seen();
    for copy in HEADER_COPIES {
        image[copy..copy + HEADER_BYTES].copy_from_slice(&before);
    }
    let put_back = open(&SimulatedDisk::holding(image), Secret::RawKey(&raw(8)));
    assert!(matches!(put_back, Err(Error::Tampered { what: Part::Header })));
}

/// Changes one byte of both copies of the header and repairs the plain checksum, as anybody can.
fn forged(image: &[u8], at: usize) -> SimulatedDisk {
    let mut image = image.to_vec();
    let mut header = image[..HEADER_BYTES].to_vec();
    header[at] ^= 0x10;
    let checksum = Sha256::digest(&header[..4064]);
    header[4064..].copy_from_slice(&checksum);
    for copy in HEADER_COPIES {
        image[copy..copy + HEADER_BYTES].copy_from_slice(&header);
    }
    SimulatedDisk::holding(image)
}

#[test]
fn every_changed_byte_of_a_recovery_or_platform_slot_is_refused() {
    let disk = SimulatedDisk::default();
    let store = MemoryKeyStore::new(0x5A);
    let file = create(&disk, &[NewSlot::RawKey(&raw(7)), NewSlot::Platform(&store)]);
    let code = file.create_recovery(IDENTITY).unwrap();
    drop(file);
    let image = disk.seen();
    let key = raw(7);
    for (slot, secret) in [(1, Secret::Platform(&store)), (2, Secret::Recovery(&code))] {
        for at in 0..SLOT_BYTES {
            let forged = forged(&image, SLOTS_AT + slot * SLOT_BYTES + at);
            let refused = open(&forged, secret).expect_err("a forged slot opened the file");
            assert!(
                matches!(
                    refused,
                    Error::Tampered { what: Part::Header }
                        | Error::WrongSecret
                        | Error::SlotUnavailable { .. }
                        | Error::KeyStore(KeyStoreError::KeyLost)
                ),
                "{secret:?}, byte {at}: {refused:?}"
            );
            let refused = open(&forged, Secret::RawKey(&key)).expect_err("the header MAC covers every slot");
            assert!(
                matches!(refused, Error::Tampered { what: Part::Header }),
                "byte {at}"
            );
        }
    }
}

#[test]
fn slots_of_another_vault_do_not_open_this_one() {
    let image = |seed| {
        let disk = SimulatedDisk::default();
        let slots = [NewSlot::RawKey(&raw(7))];
        drop(SealedFile::create_on(disk.handle(), &slots, entropy(seed), &light()).unwrap());
        disk.seen()
    };
    let (mut mine, yours) = (image(1), image(2));
    let slot = SLOTS_AT..SLOTS_AT + SLOT_BYTES;
    mine[slot.clone()].copy_from_slice(&yours[slot]);
    // A change that changes nothing repairs the checksum.
    let swapped = forged(forged(&mine, 64).seen().as_slice(), 64);
    assert!(matches!(
        open(&swapped, Secret::RawKey(&raw(7))),
        Err(Error::WrongSecret)
    ));
}

#[test]
fn changing_slots_leaves_the_content_and_the_running_transaction_alone() {
    let disk = SimulatedDisk::default();
    let mut history = History::new(3);
    let file = create(&disk, &[NewSlot::RawKey(&raw(7))]);
    history.commit_one(&file).unwrap();
    let snapshot = file.read().unwrap();
    file.add_slot(NewSlot::RawKey(&raw(8))).unwrap();
    history.commit_one(&file).unwrap();
    drop(snapshot);
    file.remove_slot(file.slots()[0].id).unwrap();
    history.commit_one(&file).unwrap();
    drop(file);
    let file = open(&disk, Secret::RawKey(&raw(8))).unwrap();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
}
