//! What a stranger who holds the file, the logs or the memory of the process does not learn.

use vault_file::{
    Entropy, KdfParams, NewSlot, Options, Passphrase, RawKey, RecoveryCode, SealedFile, Secret, Table,
};

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

/// Reads the memory of this very process, as a core dump would hold it.
#[cfg(target_os = "linux")]
#[test]
fn keys_and_passphrases_are_gone_from_memory_when_the_file_is_closed() {
    const MASK: u8 = 0x5A;
    let masked = |bytes: &[u8]| -> Vec<u8> { bytes.iter().map(|byte| byte ^ MASK).collect() };
    // The needles are built from masked bytes, so that the search does not find itself.
    let masked_passphrase: Vec<u8> = (0..40u8)
        .map(|index| (index.wrapping_mul(73) % 26 + b'a') ^ MASK)
        .collect();
    let masked_raw_key: Vec<u8> = (0..32u8).map(|index| index.wrapping_mul(151) ^ MASK).collect();

    let disk = SimulatedDisk::default();
    let options = Options {
        kdf: KdfParams::FLOOR,
        ..Options::default()
    };
    let passphrase = Passphrase::new(masked(&masked_passphrase)).unwrap();
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(&masked_raw_key)
        .for_each(|(byte, masked)| *byte = masked ^ MASK);
    let raw = RawKey::new(&bytes);
    zeroize::Zeroize::zeroize(&mut bytes);
    let slots = [NewSlot::Passphrase(&passphrase), NewSlot::RawKey(&raw)];
    let file = SealedFile::create_on(disk.handle(), &slots, entropy(1), &options).unwrap();
    let masked_subkey = masked(file.derive_key("label").as_bytes());
    let (masked_code, masked_code_bytes) = {
        let code = file.create_recovery([0; 32]).unwrap();
        let text = code.reveal();
        let opened_with = RecoveryCode::parse(text.as_str()).unwrap();
        let again = SimulatedDisk::holding(disk.seen());
        drop(
            SealedFile::open_on(
                again.handle(),
                &Secret::Recovery(&opened_with),
                entropy(2),
                &options,
            )
            .unwrap(),
        );
        (masked(text.as_str().as_bytes()), masked_bits(text.as_str(), MASK))
    };
    assert!(
        found_in_memory(&masked_raw_key, MASK),
        "the search finds a key that is still held"
    );
    drop((file, passphrase, raw));

    for (name, needle) in [
        ("passphrase", &masked_passphrase),
        ("raw key", &masked_raw_key),
        ("derived key", &masked_subkey),
        ("recovery code as text", &masked_code),
        ("recovery code as bytes", &masked_code_bytes),
    ] {
        assert!(!found_in_memory(needle, MASK), "the {name} is still in memory");
    }
}

/// The 20 bytes of a code, masked as they come out of its text, so that they never lie here unmasked.
#[cfg(target_os = "linux")]
fn masked_bits(text: &str, mask: u8) -> Vec<u8> {
    let symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let value_at = |index: usize| {
        let symbol = text.chars().filter(|symbol| *symbol != '-').nth(index).unwrap();
        symbols.find(symbol).unwrap()
    };
    let bit = |index: usize| (value_at(index / 5) >> (4 - index % 5)) & 1;
    let masked_bit = |index: usize| bit(index) ^ usize::from(mask >> (7 - index % 8) & 1);
    (0..20)
        .map(|byte| {
            let bits = (0..8).fold(0, |bits, index| bits << 1 | masked_bit(8 * byte + index));
            u8::try_from(bits).unwrap()
        })
        .collect()
}

#[cfg(target_os = "linux")]
fn found_in_memory(masked_needle: &[u8], mask: u8) -> bool {
    use std::os::unix::fs::FileExt;
    let memory = std::fs::File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let is_needle = |window: &[u8]| {
        window
            .iter()
            .zip(masked_needle)
            .all(|(byte, masked)| byte ^ mask == *masked)
    };
    maps.lines().filter(|line| line.contains(" rw-p ")).any(|line| {
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let (start, end) = (
            u64::from_str_radix(start, 16).unwrap(),
            u64::from_str_radix(end, 16).unwrap(),
        );
        let mut region = vec![0; usize::try_from(end - start).unwrap()];
        // Some regions cannot be read; they hold none of our bytes.
        memory.read_exact_at(&mut region, start).is_ok() && region.windows(masked_needle.len()).any(is_needle)
    })
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
