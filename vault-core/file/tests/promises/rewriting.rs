//! Rewriting: the same content under another key, in no more room than it needs, and never half a file.

use std::fs;
use std::ops::ControlFlow;

use vault_file::{
    Error, KdfParams, NewSlot, Options, Passphrase, Progress, RawKey, SealedFile, Secret, SlotKind,
    SlotSecret, Table, VaultKey,
};

use crate::history::{
    History, content, create, entropy, key, names_in, open, sample, small_cache, unwatched,
};
use crate::key_store::MemoryKeyStore;
use crate::simulated_disk::{Planted, SimulatedDisk, Trouble};

const SEED: u64 = 31;

fn light() -> Options {
    Options {
        kdf: KdfParams::FLOOR,
        ..small_cache()
    }
}

fn rewrite(old: &SimulatedDisk, new: &SimulatedDisk, vault_key: VaultKey<'_>) -> Result<SealedFile, Error> {
    SealedFile::rewrite_on(
        old.handle(),
        new.handle(),
        &Secret::RawKey(&key()),
        vault_key,
        entropy(SEED + 1),
        &light(),
        &mut unwatched,
    )
}

#[test]
fn a_rewritten_file_holds_the_same_under_another_key() {
    let (old, history) = sample(SEED);
    let new = SimulatedDisk::default();
    let file = rewrite(&old, &new, VaultKey::Keep).unwrap();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
    let before = open(old.handle(), 1).unwrap();
    assert_eq!(file.file_id(), before.file_id());
    assert_eq!(file.slots(), before.slots());
    assert_eq!(file.derive_key("x").as_bytes(), before.derive_key("x").as_bytes());
    assert_eq!(file.unclaimed(), None);
    drop(before);
    drop(file);
    // Nothing of the old file opens in the new one, and the other way round.
    for part in [0..4096, 4096..20480, 286_720..350_000] {
        let mut mixed = new.seen();
        mixed[part.clone()].copy_from_slice(&old.seen()[part.clone()]);
        if part.start == 0 {
            mixed[20480..24576].copy_from_slice(&old.seen()[..4096]);
        }
        let opened = open(SimulatedDisk::holding(mixed).handle(), 1).map(|file| content(&file));
        assert!(matches!(opened, Err(_) | Ok(Err(_))), "{part:?}");
    }
}

#[test]
fn what_was_removed_is_not_in_a_rewritten_file_and_takes_no_room() {
    let disk = SimulatedDisk::default();
    let blobs = Table::new("blobs");
    let file = create(disk.handle(), SEED).unwrap();
    for round in 0..20u8 {
        let transaction = file.write().unwrap();
        transaction
            .table(&blobs)
            .unwrap()
            .insert(b"the same key", &vec![round; 100_000])
            .unwrap();
        transaction.commit().unwrap();
    }
    drop(file);
    let new = SimulatedDisk::default();
    drop(rewrite(&disk, &new, VaultKey::Keep).unwrap());
    assert!(
        new.seen().len() * 2 <= disk.seen().len(),
        "{} of {} bytes",
        new.seen().len(),
        disk.seen().len()
    );
}

#[test]
fn a_power_cut_while_rewriting_leaves_the_old_file_as_it_was_and_a_finished_one_is_durable() {
    let (old, history) = sample(SEED);
    let new = SimulatedDisk::default();
    let file = rewrite(&old, &new, VaultKey::Keep).unwrap();
    // The moment at which the new file would get its name.
    for seed in 0..20 {
        let image = new.after_power_cut(seed, 512);
        let reopened = open(SimulatedDisk::holding(image).handle(), 1).unwrap();
        assert_eq!(
            history.objection(&content(&reopened).unwrap()),
            None,
            "seed {seed}"
        );
    }
    drop(file);
    let operations = new.operations();
    assert!(operations > 8, "only {operations} operations");

    let mut failed = 0;
    for at in 0..operations {
        for trouble in [Trouble::CutAt(at), Trouble::ErrorAt(at), Trouble::FullFrom(at)] {
            let new = SimulatedDisk::default().with(trouble, Planted::Nothing);
            failed += u32::from(rewrite(&old, &new, VaultKey::Keep).is_err());
        }
        let found = content(&open(old.handle(), 1).unwrap()).unwrap();
        assert_eq!(history.objection(&found), None, "operation {at}");
    }
    assert!(failed > 20, "only {failed} rewrites failed");
}

#[test]
fn a_rewritten_file_survives_power_cuts_like_any_other() {
    let (old, history) = sample(SEED);
    let new = SimulatedDisk::default();
    drop(rewrite(&old, &new, VaultKey::Keep).unwrap());
    let image = new.seen();
    let mut cuts = 0;
    let everywhere = (0..60).map(Trouble::CutAt);
    for cut in everywhere.chain((0..12).map(Trouble::CutAtSync)) {
        let disk = SimulatedDisk::holding(image.clone()).with(cut, Planted::Nothing);
        let mut history = history.clone();
        if let Ok(file) = open(disk.handle(), 1) {
            let _ = history.commit_one(&file);
        }
        cuts += u32::from(disk.is_dark());
        for seed in 0..3 {
            let remains = SimulatedDisk::holding(disk.after_power_cut(seed, 512));
            let found = content(&open(remains.handle(), 1).unwrap()).unwrap();
            assert_eq!(history.objection(&found), None, "{cut:?}");
        }
    }
    assert!(cuts > 8, "only {cuts} cuts");
}

#[test]
fn a_disk_that_ignores_sync_is_found_by_the_same_look() {
    let (old, history) = sample(SEED);
    let new = SimulatedDisk::default().with(Trouble::None, Planted::SyncDoesNothing);
    let file = rewrite(&old, &new, VaultKey::Keep).unwrap();
    let lost = (0..20).filter(|seed| {
        let disk = SimulatedDisk::holding(new.after_power_cut(*seed, 512));
        let opened = open(disk.handle(), 1).and_then(|file| content(&file));
        opened.map_or(true, |found| history.objection(&found).is_some())
    });
    assert!(lost.count() > 10);
    drop(file);
}

#[test]
fn after_a_new_vault_key_every_secret_still_opens_and_the_old_key_does_not() {
    let (typed, store) = (
        Passphrase::new("correct horse").unwrap(),
        MemoryKeyStore::new(0x5A),
    );
    let old = SimulatedDisk::default();
    let slots = [
        NewSlot::RawKey(&key()),
        NewSlot::Passphrase(&typed),
        NewSlot::Platform(&store),
        NewSlot::RawKey(&RawKey::new(&[9; 32])),
    ];
    let file = SealedFile::create_on(old.handle(), &slots, entropy(SEED), &light()).unwrap();
    let code = file.create_recovery([1; 32]).unwrap();
    let mut history = History::new(SEED);
    history.commit_one(&file).unwrap();
    let subkey = *file.derive_key("records").as_bytes();
    let (forgotten, lineage) = (file.slots()[3].id, file.lineage());
    drop(file);

    let mut asked = Vec::new();
    let mut ask = |slot: &vault_file::SlotInfo| {
        asked.push(slot.kind);
        Ok(match slot.kind {
            SlotKind::Passphrase => SlotSecret::Passphrase(Passphrase::new("correct horse")?),
            SlotKind::Platform => SlotSecret::Platform(&store),
            _ if slot.id == forgotten => SlotSecret::Remove,
            _ => SlotSecret::RawKey(key()),
        })
    };
    let new = SimulatedDisk::default();
    let file = rewrite(&old, &new, VaultKey::Renew(&mut ask)).unwrap();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
    assert_eq!(file.lineage(), lineage);
    drop(file);
    assert!(!asked.contains(&SlotKind::Recovery), "the code was not asked for");
    let raw = key();
    for secret in [
        Secret::RawKey(&raw),
        Secret::Passphrase(&typed),
        Secret::Platform(&store),
        Secret::Recovery(&code),
    ] {
        let file = SealedFile::open_on(new.handle(), &secret, entropy(2), &light()).unwrap();
        assert_eq!(file.derive_key("records").as_bytes(), &subkey, "{secret:?}");
        assert_eq!(file.slots().len(), 4);
    }
    // The old slots seal the old vault key, which opens nothing of the new file.
    let (old, mut mixed) = (old.seen(), new.seen());
    let slots = 256..256 + 8 * 448;
    mixed[slots.clone()].copy_from_slice(&old[slots]);
    let checksum = <sha2::Sha256 as sha2::Digest>::digest(&mixed[..4064]);
    mixed[4064..4096].copy_from_slice(&checksum);
    mixed.copy_within(..4096, 20480);
    let opened = open(SimulatedDisk::holding(mixed).handle(), 1);
    assert!(matches!(opened, Err(Error::Tampered { .. })));
}

#[test]
fn a_wrong_secret_or_too_few_slots_stop_a_new_vault_key() {
    let (old, _) = sample(SEED);
    let mut wrong = |_: &vault_file::SlotInfo| Ok(SlotSecret::RawKey(RawKey::new(&[8; 32])));
    let refused = rewrite(&old, &SimulatedDisk::default(), VaultKey::Renew(&mut wrong));
    assert!(matches!(refused, Err(Error::WrongSecret)));
    let mut none = |_: &vault_file::SlotInfo| Ok(SlotSecret::Remove);
    let refused = rewrite(&old, &SimulatedDisk::default(), VaultKey::Renew(&mut none));
    assert!(matches!(refused, Err(Error::LastSlot)));
    let typed = Passphrase::new("x").unwrap();
    let mut other_kind = |_: &vault_file::SlotInfo| Ok(SlotSecret::Passphrase(Passphrase::new("x").unwrap()));
    let refused = rewrite(&old, &SimulatedDisk::default(), VaultKey::Renew(&mut other_kind));
    assert!(matches!(refused, Err(Error::WrongSecret)), "{typed:?}");
}

#[test]
fn a_rewrite_takes_the_place_of_the_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vault");
    let file = SealedFile::create(&path, &[NewSlot::RawKey(&key())], entropy(1), &light()).unwrap();
    let mut history = History::new(SEED);
    history.commit_one(&file).unwrap();
    let rewrite = |watch: &mut vault_file::Watch<'_>| {
        SealedFile::rewrite(
            &path,
            &Secret::RawKey(&key()),
            VaultKey::Keep,
            entropy(2),
            &light(),
            watch,
        )
    };
    assert!(
        matches!(rewrite(&mut unwatched), Err(Error::Busy)),
        "while it is open"
    );
    drop(file);
    // What a rewrite that was killed leaves behind is in nobody's way, and goes with the next opening.
    fs::write(folder.path().join(".a.vault.rewrite"), b"half a file").unwrap();
    let mut stop = |_: Progress| ControlFlow::Break(());
    assert!(matches!(rewrite(&mut stop), Err(Error::Cancelled)));
    assert_eq!(names_in(folder.path()), ["a.vault"]);
    fs::write(folder.path().join(".a.vault.rewrite"), b"half a file").unwrap();
    let before = fs::read(&path).unwrap();
    let mut last = None;
    let file = rewrite(&mut |progress| {
        last = Some(progress);
        ControlFlow::Continue(())
    })
    .unwrap();
    let last = last.unwrap();
    assert!(last.done == last.total && last.total > 0, "{last:?}");
    assert_eq!(names_in(folder.path()), ["a.vault"]);
    assert_eq!(history.objection(&content(&file).unwrap()), None);
    history.commit_one(&file).unwrap();
    let second = SealedFile::open(&path, &Secret::RawKey(&key()), entropy(3), &light());
    assert!(
        matches!(second, Err(Error::Busy)),
        "the new file is locked from the start"
    );
    drop(file);
    assert_ne!(fs::read(&path).unwrap()[..4096], before[..4096]);
    let file = SealedFile::open(&path, &Secret::RawKey(&key()), entropy(3), &light()).unwrap();
    assert_eq!(history.objection(&content(&file).unwrap()), None);
}

#[cfg(unix)]
#[test]
fn a_rewrite_through_a_link_replaces_the_file_and_not_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a.vault"), folder.path().join("link"));
    drop(SealedFile::create(&path, &[NewSlot::RawKey(&key())], entropy(1), &light()).unwrap());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let rewritten = SealedFile::rewrite(
        &link,
        &Secret::RawKey(&key()),
        VaultKey::Keep,
        entropy(2),
        &light(),
        &mut unwatched,
    );
    drop(rewritten.unwrap());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(SealedFile::inspect(&path).unwrap().header_seq, 2);
}
