//! What a stranger who holds the file, the logs or the memory of the process does not learn.

use vault_file::{Entropy, NewSlot, Options, Passphrase, RawKey, RecoveryCode, SealedFile, Secret, Table};

use crate::history::{create, entropy, key};
use crate::key_store::MemoryKeyStore;
use crate::simulated_disk::SimulatedDisk;

const TABLE: Table = Table::new("the-name-of-a-table");
const KEY: &[u8] = b"a-key-that-nobody-may-read";
const VALUE: &[u8] = b"a-value-that-nobody-may-read";

#[test]
fn no_name_key_or_value_is_readable_in_the_file() {
    let disk = SimulatedDisk::default();
    let file = create(disk.handle(), 1).unwrap();
    let transaction = file.write().unwrap();
    transaction.table(&TABLE).unwrap().insert(KEY, VALUE).unwrap();
    transaction.commit().unwrap();
    let while_open = disk.seen();
    drop(file);
    for image in [while_open, disk.seen()] {
        let readable = |needle: &[u8]| image.windows(needle.len()).any(|window| window == needle);
        assert!(readable(b"VAULT"), "the search works");
        assert!(!readable(TABLE.name().as_bytes()));
        assert!(!readable(KEY));
        assert!(!readable(VALUE));
        assert!(!readable(b"redb"));
        assert!(!readable(&[7; 32]), "the raw key");
    }
}

#[test]
fn two_files_of_the_same_content_under_the_same_secret_share_no_page() {
    let image = |seed| {
        let disk = SimulatedDisk::default();
        drop(create(disk.handle(), seed).unwrap());
        disk.seen()
    };
    let (one, two) = (image(1), image(2));
    let written = one
        .chunks(64)
        .zip(two.chunks(64))
        .skip(286_720 / 64)
        .filter(|(one, _)| **one != [0; 64]);
    assert!(written.clone().count() > 64);
    assert!(written.into_iter().all(|(one, two)| one != two));
}

#[test]
fn secrets_do_not_print() {
    let passphrase = Passphrase::new("correct horse").unwrap();
    let raw = RawKey::new(&[0x42; 32]);
    let file = create(SimulatedDisk::default().handle(), 1).unwrap();
    let code = RecoveryCode::generate(&entropy(3)).unwrap();
    let store = MemoryKeyStore::new(1);
    let recovery = NewSlot::Recovery {
        code: &code,
        identity: [0; 32],
    };
    let printed = [
        format!("{passphrase:?}"),
        format!("{raw:?}"),
        format!("{:?}", NewSlot::Passphrase(&passphrase)),
        format!("{:?}", Secret::RawKey(&raw)),
        format!("{:?} {:?}", code, code.reveal()),
        format!("{:?} {recovery:?}", Secret::Recovery(&code)),
        format!("{:?} {:?}", Secret::Platform(&store), NewSlot::Platform(&store)),
        format!("{:?}", file.derive_key("label")),
        format!("{:?}", entropy(1)),
    ];
    let expected = [
        "Passphrase(..)",
        "RawKey(..)",
        "Passphrase(..)",
        "RawKey(..)",
        "RecoveryCode(..) RevealedCode(..)",
        "Recovery(..) Recovery(..)",
        "Platform(..) Platform(..)",
        "Key(..)",
        "Entropy(..)",
    ];
    assert_eq!(printed, expected);
    assert_eq!(format!("{file:?}"), format!("SealedFile({})", file.file_id()));
}

#[test]
fn entropy_is_shared_by_its_clones() {
    let drawn = |entropy: Entropy| {
        let disk = SimulatedDisk::default();
        let file = SealedFile::create_on(
            disk.handle(),
            &[NewSlot::RawKey(&key())],
            entropy,
            &Options::default(),
        );
        file.unwrap().file_id()
    };
    let entropy = entropy(1);
    assert_ne!(
        drawn(entropy.clone()),
        drawn(entropy),
        "a clone went on instead of repeating"
    );
}
