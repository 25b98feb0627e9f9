//! What is left in memory when a file is closed, and how much memory it takes while it is open. Each is looked at
//! in a process of its own.

use std::path::Path;

use vault_file::{KdfParams, NewSlot, Options, Passphrase, RawKey, RecoveryCode, SealedFile, Secret, Table};
use zeroize::Zeroize;

use crate::child_process::output_of;
use crate::forge::Forge;
use crate::history::{content, entropy, unwatched};
use crate::process_memory::{Needle, forget_peak, peak, resident};

const PATH: &str = "VAULT_FILE_MEMORY_PATH";
const NEEDLES: &str = "VAULT_FILE_MEMORY_NEEDLES";
const CACHE: &str = "VAULT_FILE_MEMORY_CACHE";
const ROWS: Table = Table::new("rows");
/// What a process takes beside its cache while it imports: one transaction's lists, buffers of the journal and of
/// the writes, and what the allocator keeps.
const BESIDE_THE_CACHE: u64 = 8 * 1024 * 1024;

fn light() -> Options {
    Options {
        kdf: KdfParams::FLOOR,
        cache_bytes: 1 << 20,
        ..Options::default()
    }
}

/// A file that opens with a raw key and a passphrase, and everything secret about it.
fn file_and_secrets(path: &Path) -> Vec<(&'static str, Needle)> {
    let raw_key: [u8; 32] =
        std::array::from_fn(|index| u8::try_from(index).unwrap().wrapping_mul(151) ^ 0x3C);
    let phrase: Vec<u8> = (0..40u8)
        .map(|index| index.wrapping_mul(73) % 26 + b'a')
        .collect();
    let passphrase = Passphrase::new(&phrase[..]).unwrap();
    let slots = [
        NewSlot::RawKey(&RawKey::new(&raw_key)),
        NewSlot::Passphrase(&passphrase),
    ];
    let file = SealedFile::create(path, &slots, entropy(1), &light()).unwrap();
    let code = file.create_recovery([0; 32]).unwrap();
    let code_text = code.reveal().as_str().to_owned();
    let subkey = *file.derive_key("records").as_bytes();
    drop(file);
    let image = std::fs::read(path).unwrap();
    let salt = &image[256 + 448 + 32..256 + 448 + 64];
    let stretched = stretched(&phrase, salt);
    let keys = Forge::of(image, &raw_key).keys;
    vec![
        ("planted", Needle::of(b"a value that nobody wipes")),
        ("raw key", Needle::of(&raw_key)),
        ("passphrase", Needle::of(&phrase)),
        ("recovery code", Needle::of(code_text.as_bytes())),
        ("stretched passphrase", Needle::of(&stretched)),
        ("key of a slot", Needle::of(&keys.slot_wrapping)),
        ("vault key", Needle::of(&keys.vault)),
        ("header MAC key", Needle::of(&keys.header_mac)),
        ("file wrapping key", Needle::of(&keys.file_wrapping)),
        ("root wrapping key", Needle::of(&keys.root_wrapping)),
        ("file key", Needle::of(&keys.file)),
        ("root key", Needle::of(&keys.root)),
        ("commit slot key", Needle::of(&keys.slots)),
        ("page key", Needle::of(&keys.pages)),
        ("page table key", Needle::of(&keys.table)),
        ("journal key", Needle::of(&keys.journal)),
        ("key of the layers above", Needle::of(&subkey)),
    ]
}

/// Argon2id as `FORMAT.md` has it, under the least parameters.
fn stretched(phrase: &[u8], salt: &[u8]) -> [u8; 32] {
    let floor = KdfParams::FLOOR;
    let params = argon2::Params::new(floor.memory_kib, floor.passes, floor.lanes, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = [0; 32];
    argon2.hash_password_into(phrase, salt, &mut key).unwrap();
    key
}

#[test]
fn nothing_secret_is_left_in_memory_when_a_file_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let secrets = file_and_secrets(&path);
    let needles: Vec<String> = secrets
        .iter()
        .map(|(name, needle)| format!("{name}:{}", needle.to_hex()))
        .collect();
    let printed = output_of(
        "memory::the_process_that_is_searched",
        &[(PATH, path.to_str().unwrap()), (NEEDLES, &needles.join(";"))],
    );
    let is_found = |when: &str, name: &str| printed.contains(&format!("{when} {name}\n"));
    // The needles are the keys that the file really uses, and the search finds what is there.
    for name in [
        "planted",
        "vault key",
        "root key",
        "page key",
        "page table key",
        "journal key",
    ] {
        assert!(
            is_found("open:", name),
            "{name} is not found while the file is open\n{printed}"
        );
    }
    assert!(is_found("closed:", "planted"), "{printed}");
    for (name, _) in secrets.iter().filter(|(name, _)| *name != "planted") {
        assert!(
            !is_found("closed:", name),
            "the {name} is still in memory\n{printed}"
        );
    }
}

/// Opens the file with each of its secrets, uses it, closes it, and says what is found in memory.
#[test]
#[expect(clippy::print_stdout, reason = "what the parent process reads")]
fn the_process_that_is_searched() {
    let (Ok(path), Ok(needles)) = (std::env::var(PATH), std::env::var(NEEDLES)) else {
        return;
    };
    let needles: Vec<(&str, Needle)> = needles
        .split(';')
        .map(|needle| needle.split_once(':').unwrap())
        .map(|(name, hex)| (name, Needle::from_hex(hex)))
        .collect();
    let secret = |name: &str| {
        let needle = needles.iter().find(|(known, _)| *known == name);
        needle.unwrap().1.unmasked()
    };
    let planted = secret("planted");
    let found = |when: &str| {
        for (name, _) in needles.iter().filter(|(_, needle)| needle.is_in_memory()) {
            println!("{when} {name}");
        }
    };

    let mut bytes = secret("raw key");
    let raw_key = RawKey::new(bytes.as_slice().try_into().unwrap());
    bytes.zeroize();
    use_file(&open(&path, &Secret::RawKey(&raw_key)));
    drop(raw_key);

    let mut bytes = secret("recovery code");
    let code = RecoveryCode::parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
    bytes.zeroize();
    use_file(&open(&path, &Secret::Recovery(&code)));
    drop(code);

    let mut bytes = secret("passphrase");
    let passphrase = Passphrase::new(&bytes[..]).unwrap();
    bytes.zeroize();
    let file = open(&path, &Secret::Passphrase(&passphrase));
    use_file(&file);
    found("open:");
    drop((file, passphrase));
    found("closed:");
    assert!(!planted.is_empty());
}

fn open(path: &str, secret: &Secret<'_>) -> SealedFile {
    SealedFile::open(Path::new(path), secret, entropy(2), &light()).unwrap()
}

fn use_file(file: &SealedFile) {
    for rows in [1, 300u32] {
        let transaction = file.write().unwrap();
        let mut table = transaction.table(&ROWS).unwrap();
        for row in 0..rows {
            table.insert(&row.to_be_bytes(), &[0x77; 300]).unwrap();
        }
        drop(table);
        transaction.commit().unwrap();
    }
    content(file).unwrap();
    file.checkpoint().unwrap();
    assert!(file.verify(&mut unwatched).unwrap().is_sound());
    drop(file.derive_key("records"));
}

#[test]
fn an_import_takes_the_memory_of_its_cache_and_little_more() {
    for cache in [8u64 << 20, 32 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vault");
        let printed = output_of(
            "memory::the_process_that_imports",
            &[(PATH, path.to_str().unwrap()), (CACHE, &cache.to_string())],
        );
        let taken = printed
            .lines()
            .find_map(|line| line.strip_prefix("taken: "))
            .unwrap();
        let taken: u64 = taken.parse().unwrap();
        assert!(
            taken <= cache + BESIDE_THE_CACHE,
            "{} KiB at a cache of {} KiB",
            taken / 1024,
            cache / 1024
        );
        assert!(taken > cache / 2, "the cache was not used: {taken} bytes");
    }
}

/// Imports several times what the cache holds, then reads all of it.
#[test]
#[expect(clippy::print_stdout, reason = "what the parent process reads")]
fn the_process_that_imports() {
    let (Ok(path), Ok(cache)) = (std::env::var(PATH), std::env::var(CACHE)) else {
        return;
    };
    let options = Options {
        cache_bytes: cache.parse().unwrap(),
        ..Options::default()
    };
    let key = RawKey::new(&[7; 32]);
    let slots = [NewSlot::RawKey(&key)];
    let before = resident();
    forget_peak();
    let file = SealedFile::create(Path::new(&path), &slots, entropy(1), &options).unwrap();
    let mut value = [0; 500];
    for batch in 0..24u32 {
        let transaction = file.write().unwrap();
        let mut table = transaction.table(&ROWS).unwrap();
        for row in 0..10_000u32 {
            value[..4].copy_from_slice(&row.to_le_bytes());
            table
                .insert(&(batch * 10_000 + row).to_be_bytes(), &value)
                .unwrap();
        }
        drop(table);
        transaction.commit().unwrap();
    }
    let rows = file.read().unwrap().table(&ROWS).unwrap();
    let mut read = 0u32;
    for row in rows.range(..).unwrap() {
        row.unwrap();
        read += 1;
    }
    assert_eq!(read, 240_000);
    println!("\ntaken: {}", peak() - before);
}
