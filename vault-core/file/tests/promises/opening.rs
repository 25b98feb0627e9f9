//! Creating, opening, and who is let in.

use std::fs;
use std::path::Path;
use std::process::Command;

use vault_file::{
    Error, KdfParams, NewSlot, Options, Passphrase, RawKey, SealedFile, Secret, SlotKind, Table,
};

use crate::history::{content, create, entropy, key, names_in, open};
use crate::simulated_disk::SimulatedDisk;

const NOTES: Table = Table::new("notes");
/// The path that a test gives to the second process it starts.
const SECOND_OPENER_PATH: &str = "VAULT_FILE_SECOND_OPENER_PATH";
const BUSY_EXIT_CODE: i32 = 42;

fn light() -> Options {
    Options {
        kdf: KdfParams::FLOOR,
        ..Options::default()
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn create_at(path: &Path) -> Result<SealedFile, Error> {
    SealedFile::create(path, &[NewSlot::RawKey(&key())], entropy(1), &light())
}

fn open_at(path: &Path) -> Result<SealedFile, Error> {
    SealedFile::open(path, &Secret::RawKey(&key()), entropy(2), &light())
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let file = create_at(&path).unwrap();
    let transaction = file.write().unwrap();
    transaction
        .table(&NOTES)
        .unwrap()
        .insert(b"key", b"value")
        .unwrap();
    transaction.commit().unwrap();
    let id = file.file_id();
    drop(file);
    let file = open_at(&path).unwrap();
    assert_eq!(file.file_id(), id);
    assert_eq!(file.mended(), []);
    let notes = file.read().unwrap().table(&NOTES).unwrap();
    assert_eq!(notes.get(b"key").unwrap().as_deref(), Some(&b"value"[..]));
    assert_eq!(
        names_in(folder.path()),
        ["a.vault"],
        "nothing else was left in the folder"
    );
}

#[cfg(unix)]
#[test]
fn a_new_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    drop(create_at(&path).unwrap());
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn creating_never_replaces_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    fs::write(&path, b"something precious").unwrap();
    assert!(matches!(create_at(&path), Err(Error::AlreadyExists)));
    assert_eq!(fs::read(&path).unwrap(), b"something precious");
    assert_eq!(names_in(folder.path()), ["a.vault"]);
}

#[test]
fn a_creation_that_fails_leaves_no_file_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let weak = Options {
        kdf: KdfParams {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        ..Options::default()
    };
    let slots = [NewSlot::Passphrase(&passphrase("x"))];
    let refused = SealedFile::create(&path, &slots, entropy(1), &weak);
    assert!(matches!(refused, Err(Error::KdfOutOfRange { memory_kib: 8, .. })));
    assert!(matches!(
        SealedFile::create(&path, &[], entropy(1), &light()),
        Err(Error::InvalidInput { .. })
    ));
    let key = key();
    let nine = [NewSlot::RawKey(&key); 9];
    assert!(matches!(
        SealedFile::create(&path, &nine, entropy(1), &light()),
        Err(Error::InvalidInput { .. })
    ));
    assert!(names_in(folder.path()).is_empty());
    assert!(matches!(
        create_at(&folder.path().join("missing").join("a.vault")),
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound
    ));
}

#[test]
fn any_slot_opens_the_file_and_another_secret_does_not() {
    let disk = SimulatedDisk::default();
    let (first, second) = (passphrase("correct horse"), passphrase("battery staple"));
    let slots = [
        NewSlot::Passphrase(&first),
        NewSlot::RawKey(&key()),
        NewSlot::Passphrase(&second),
    ];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(1), &light()).unwrap();
    let subkey = *file.derive_key("records").as_bytes();
    drop(file);

    let key = key();
    for secret in [
        Secret::Passphrase(&first),
        Secret::Passphrase(&second),
        Secret::RawKey(&key),
    ] {
        let file = SealedFile::open_on(disk.handle(), &secret, entropy(2), &light()).unwrap();
        assert_eq!(
            file.derive_key("records").as_bytes(),
            &subkey,
            "the same vault key behind every slot"
        );
        assert_ne!(file.derive_key("record").as_bytes(), &subkey);
    }
    let wrong = passphrase("correct horse ");
    let refused = SealedFile::open_on(disk.handle(), &Secret::Passphrase(&wrong), entropy(2), &light());
    assert!(matches!(refused, Err(Error::WrongSecret)));
    let wrong = RawKey::new(&[8; 32]);
    let refused = SealedFile::open_on(disk.handle(), &Secret::RawKey(&wrong), entropy(2), &light());
    assert!(matches!(refused, Err(Error::WrongSecret)));
}

#[test]
fn a_kind_of_secret_that_has_no_slot_is_told() {
    let disk = SimulatedDisk::default();
    drop(create(disk.handle(), 1).unwrap());
    let secret = passphrase("x");
    let refused = SealedFile::open_on(disk.handle(), &Secret::Passphrase(&secret), entropy(2), &light());
    assert!(matches!(
        refused,
        Err(Error::SlotUnavailable {
            wanted: SlotKind::Passphrase
        })
    ));
}

#[test]
fn an_empty_passphrase_is_refused() {
    assert!(matches!(Passphrase::new(""), Err(Error::InvalidInput { .. })));
}

#[test]
fn a_slot_that_asks_for_more_work_than_allowed_is_refused_before_any_is_done() {
    let disk = SimulatedDisk::default();
    let secret = passphrase("x");
    let slots = [NewSlot::Passphrase(&secret)];
    let more = KdfParams {
        passes: 3,
        ..KdfParams::FLOOR
    };
    let options = Options {
        kdf: more,
        ..Options::default()
    };
    drop(SealedFile::create_on(disk.handle(), &slots, entropy(1), &options).unwrap());
    let strict = Options {
        kdf_ceiling: KdfParams::FLOOR,
        ..Options::default()
    };
    let refused = SealedFile::open_on(disk.handle(), &Secret::Passphrase(&secret), entropy(2), &strict);
    assert!(matches!(refused, Err(Error::KdfOutOfRange { passes: 3, .. })));
}

#[test]
fn inspecting_needs_no_secret_and_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let secret = passphrase("x");
    let slots = [NewSlot::Passphrase(&secret), NewSlot::RawKey(&key())];
    let file = SealedFile::create(&path, &slots, entropy(1), &light()).unwrap();
    let info = SealedFile::inspect(&path).unwrap();
    assert_eq!(info.file_id, file.file_id());
    assert_eq!((info.format, info.min_reader, info.header_seq), (1, 1, 1));
    assert_eq!(info.slots, [SlotKind::Passphrase, SlotKind::RawKey]);
    fs::write(folder.path().join("other"), b"GIF89a").unwrap();
    assert!(matches!(
        SealedFile::inspect(&folder.path().join("other")),
        Err(Error::NotAVault)
    ));
}

#[test]
fn a_second_opener_is_told_the_file_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let file = create_at(&path).unwrap();
    assert!(
        matches!(open_at(&path), Err(Error::Busy)),
        "while its creator has it open"
    );
    drop(file);
    let file = open_at(&path).unwrap();
    let snapshot = file.read().unwrap();
    assert!(matches!(open_at(&path), Err(Error::Busy)));
    drop(file);
    assert!(
        matches!(open_at(&path), Err(Error::Busy)),
        "a snapshot keeps the file open"
    );
    drop(snapshot);
    drop(open_at(&path).unwrap());
}

#[test]
fn a_second_process_is_told_the_file_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let file = create_at(&path).unwrap();
    assert_eq!(exit_code_of_a_second_opener(&path), Some(BUSY_EXIT_CODE));
    drop(file);
    assert_eq!(exit_code_of_a_second_opener(&path), Some(0));
}

fn exit_code_of_a_second_opener(path: &Path) -> Option<i32> {
    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args([
        "--exact",
        "opening::the_second_process_opens_the_file_it_is_given",
    ]);
    second
        .env(SECOND_OPENER_PATH, path)
        .output()
        .unwrap()
        .status
        .code()
}

/// Run by the test above in a process of its own; without a path there is nothing to open.
#[test]
fn the_second_process_opens_the_file_it_is_given() {
    if let Some(path) = std::env::var_os(SECOND_OPENER_PATH)
        && let Err(error) = open_at(Path::new(&path))
    {
        let busy = matches!(error, Error::Busy);
        std::process::exit(if busy { BUSY_EXIT_CODE } else { 1 });
    }
}

#[test]
fn an_empty_a_foreign_and_a_missing_file_are_told_apart() {
    let open = |bytes: &[u8]| open(SimulatedDisk::holding(bytes.to_vec()).handle(), 1);
    assert!(matches!(open(b""), Err(Error::NotAVault)));
    assert!(matches!(open(b"\x89VAULT\r\n"), Err(Error::NotAVault)));
    assert!(matches!(open(&[0; 100_000]), Err(Error::NotAVault)));
    assert!(matches!(
        open(&b"SQLite format 3\0".repeat(4096)),
        Err(Error::NotAVault)
    ));
    let missing = open_at(Path::new("there is no such file"));
    assert!(matches!(missing, Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn a_disk_that_holds_something_is_not_created_on() {
    let disk = SimulatedDisk::holding(b"something".to_vec());
    assert!(matches!(create(disk.handle(), 1), Err(Error::AlreadyExists)));
    assert_eq!(disk.seen(), b"something");
}

#[test]
fn equal_seeds_give_equal_files() {
    let bytes = || {
        let disk = SimulatedDisk::default();
        let file = create(disk.handle(), 9).unwrap();
        crate::history::History::new(9).commit_one(&file).unwrap();
        assert!(!content(&file).unwrap().is_empty());
        drop(file);
        disk.seen()
    };
    assert!(
        bytes() == bytes(),
        "a failure could not be replayed from its seed"
    );
}

#[test]
fn a_source_of_randomness_that_fails_seals_nothing() {
    let disk = SimulatedDisk::default();
    let broken = vault_file::Entropy::new(Broken);
    let refused = SealedFile::create_on(disk.handle(), &[NewSlot::RawKey(&key())], broken, &light());
    assert!(matches!(refused, Err(Error::Entropy)));
    assert!(disk.seen().is_empty());
}

struct Broken;

impl rand_core::TryRng for Broken {
    type Error = std::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::fmt::Error)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        Err(std::fmt::Error)
    }
}

impl rand_core::TryCryptoRng for Broken {}
