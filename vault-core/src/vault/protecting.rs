//! What an owner does so that nobody else opens the vault and nothing of it is lost.

use std::path::Path;

use sha2::{Digest, Sha256};
use vault_file::{
    Copied, NewSlot, Part, Passphrase, RecoveryCode, Salvaged, SealedFile, Secret, SlotId, SlotInfo,
    SlotKind, VaultKey, Verified, Watch,
};

use vault_wire::signature::PublicKey;

use super::{Vault, VaultFile, claiming};
use crate::{
    error::Error,
    host::Host,
    store::{Store, recovery_secret},
    sync::add_code,
};

impl Vault {
    /// The key slots: what opens this file.
    pub fn slots(&self) -> Result<Vec<SlotInfo>, Error> {
        Ok(self.store()?.file().slots())
    }

    /// Replaces the passphrase: the one that opened the vault, or else the only one there is. Older copies
    /// of the file still open with the old one.
    ///
    /// # Errors
    /// [`vault_file::Error::SlotUnavailable`] if the vault has no passphrase, and those of the file.
    pub fn change_passphrase(&self, new: &Passphrase) -> Result<SlotId, Error> {
        Ok(self.store()?.file().change_passphrase(None, new)?)
    }

    /// Draws a code that opens the vault when everything else is lost, and vouches for its owner key. Show
    /// it once; older codes stay good until their slots are removed. From the next sync on it also brings the
    /// vault back on a new device: see [`VaultFile::recover`].
    ///
    /// # Errors
    /// [`vault_file::Error::InvalidInput`] if all 8 key slots are in use, and those of the file.
    pub fn create_recovery_code(&self) -> Result<(SlotId, RecoveryCode), Error> {
        let store = self.store()?;
        let code = RecoveryCode::generate(&store.host.entropy())?;
        let slot = NewSlot::Recovery {
            code: &code,
            identity: vouched(&store.identity.owner_key()),
        };
        let slot = store.file().add_slot(slot)?;
        add_code(&store, slot, &recovery_secret(&code))?;
        Ok((slot, code))
    }

    /// Removes a key slot: its secret no longer opens this file.
    ///
    /// # Errors
    /// [`vault_file::Error::LastSlot`] for the last secret that a person holds,
    /// [`vault_file::Error::NoSuchSlot`], and those of the file.
    pub fn remove_slot(&self, slot: SlotId) -> Result<(), Error> {
        Ok(self.store()?.file().remove_slot(slot)?)
    }

    /// Copies the vault as it is now to a new file that the same secrets open, while this one goes on being
    /// used. Opening the copy makes it a vault of its own.
    ///
    /// # Errors
    /// [`vault_file::Error::AlreadyExists`], [`vault_file::Error::Cancelled`], and those of the file.
    pub fn back_up(&self, to: &Path, progress: &mut Watch<'_>) -> Result<Copied, Error> {
        Ok(self.store()?.file().back_up(to, progress)?)
    }

    /// Checks every page in use while the vault goes on being used.
    ///
    /// # Errors
    /// [`vault_file::Error::Cancelled`], and those of the file. What is damaged is no error but a finding.
    pub fn verify(&self, progress: &mut Watch<'_>) -> Result<Verified, Error> {
        Ok(self.store()?.file().verify(progress)?)
    }
}

impl Vault {
    /// Puts what lies in the file's journal into its tables, and tells the [anchor](Host::anchor) how far the vault
    /// has come: what was written until now cannot be taken back unnoticed. Nothing is safer against a loss of
    /// power than before. Worth calling when nothing else is to do, and before the host goes to the background.
    ///
    /// # Errors
    /// [`vault_file::Error::AnchorUnavailable`], after everything else was done, and those of the file.
    pub fn checkpoint(&self) -> Result<(), Error> {
        Ok(self.store()?.file().checkpoint()?)
    }
}

impl VaultFile {
    /// Checks every page in use of a vault that is not open, however damaged it is, and writes nothing.
    ///
    /// # Errors
    /// Those of [`open`](Self::open), and [`vault_file::Error::Cancelled`].
    pub fn verify(
        &self,
        secret: &Secret<'_>,
        host: &Host,
        progress: &mut Watch<'_>,
    ) -> Result<Verified, Error> {
        Ok(SealedFile::verify_at(
            self.path(),
            secret,
            &host.options,
            progress,
        )?)
    }

    /// Writes the vault anew under a new file key, in its place: what was deleted is then gone from the
    /// file, and the file is as small as it can be. It needs room for both.
    ///
    /// # Errors
    /// [`vault_file::Error::Cancelled`], those of [`open`](Self::open), and for a new vault key those of
    /// [`SealedFile::rewrite`]. Then the vault is as it was.
    pub fn rewrite(
        &self,
        secret: &Secret<'_>,
        vault_key: VaultKey<'_>,
        host: Host,
        progress: &mut Watch<'_>,
    ) -> Result<Vault, Error> {
        let (entropy, options) = (host.entropy(), host.options);
        let file = SealedFile::rewrite(self.path(), secret, vault_key, entropy, &options, progress)?;
        begin(file, secret, host)
    }

    /// Makes this file, which must not exist, from a backup of a vault. The backup stays as it is.
    ///
    /// # Errors
    /// [`vault_file::Error::AlreadyExists`], [`vault_file::Error::Cancelled`], those of
    /// [`open`](Self::open) for the backup, and those of the disk. Then there is no new file.
    pub fn restore(
        &self,
        backup: &Path,
        secret: &Secret<'_>,
        host: Host,
        progress: &mut Watch<'_>,
    ) -> Result<Vault, Error> {
        let (entropy, options) = (host.entropy(), host.options);
        let file = SealedFile::restore(backup, self.path(), secret, entropy, &options, progress)?;
        begin(file, secret, host)
    }

    /// Brings what can be read of this damaged file to a new one, and lists what could not. The damaged file
    /// stays as it is.
    ///
    /// # Errors
    /// [`vault_file::Error::AlreadyExists`], [`vault_file::Error::Cancelled`], and those of
    /// [`open`](Self::open) where so much is lost that nothing can be read. Then there is no new file.
    pub fn salvage(
        &self,
        to: &Path,
        secret: &Secret<'_>,
        host: &Host,
        progress: &mut Watch<'_>,
    ) -> Result<Salvaged, Error> {
        let entropy = host.entropy();
        Ok(SealedFile::salvage(
            self.path(),
            to,
            secret,
            entropy,
            &host.options,
            progress,
        )?)
    }
}

/// Takes over an open file: one that a recovery code opened must be its owner's, and a copy becomes a vault
/// of its own.
pub(super) fn begin(file: SealedFile, secret: &Secret<'_>, host: Host) -> Result<Vault, Error> {
    let store = Store::open(file, host)?;
    check_opened(&store, secret)?;
    claiming::claim(&store)?;
    Ok(Vault::of(store))
}

/// A file that a recovery code opened must be its owner's.
pub(super) fn check_opened(store: &Store, secret: &Secret<'_>) -> Result<(), Error> {
    match secret {
        Secret::Recovery(_) => check_vouched(store),
        _ => Ok(()),
    }
}

/// What recovery codes vouch for: that the vault is of this owner.
pub(super) fn vouched(owner_key: &PublicKey) -> [u8; 32] {
    Sha256::digest(owner_key.0).into()
}

/// Somebody without any secret can make a file that a recovery code opens, but not one with the owner key
/// that the code vouches for.
fn check_vouched(store: &Store) -> Result<(), Error> {
    let expected = Some(vouched(&store.identity.owner_key()));
    let slots = store.file().slots();
    let mut recovery = slots.iter().filter(|slot| slot.kind == SlotKind::Recovery);
    match recovery.all(|slot| slot.identity == expected) {
        true => Ok(()),
        false => Err(vault_file::Error::Tampered { what: Part::Header }.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        ops::ControlFlow,
        sync::{Arc, Mutex},
    };

    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use vault_file::{Anchor, AnchorUnavailable, FileId, Position, RawKey};
    use vault_wire::{catalogue::Category, time::Timestamp, value::Value};

    use super::*;
    use crate::{
        clock::ManualClock,
        entropy::Randomness,
        records::{NewRecord, Query},
    };

    fn host(seed: u64) -> Host {
        Host {
            clock: Arc::new(ManualClock::new(Timestamp::from_unix_ms(1_800_000_000_000))),
            randomness: Randomness::new(ChaCha20Rng::seed_from_u64(seed)),
            options: vault_file::Options::default(),
            anchor: None,
        }
    }

    fn raw_key() -> RawKey {
        RawKey::new(&[5; 32])
    }

    fn go_on(_: vault_file::Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn receipts(vault: &Vault) -> usize {
        vault.query(&Query::of(Category::Receipts)).unwrap().len()
    }

    fn put(vault: &Vault) {
        let receipt = NewRecord::new(Category::Receipts).with("brand", Value::Text("Acme".into()));
        vault.put(receipt).unwrap();
    }

    #[test]
    fn every_way_to_copy_gives_a_vault_that_can_be_written_and_the_original_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let (key, original) = (raw_key(), VaultFile::at(place("original.vault")));
        let secret = Secret::RawKey(&key);
        let vault = original.create_with_key(&key, host(1)).unwrap();
        vault.allow_collection(Category::Receipts).unwrap();
        put(&vault);
        vault.back_up(&place("backup.vault"), &mut go_on).unwrap();
        assert!(vault.verify(&mut go_on).unwrap().is_sound());
        put(&vault);
        drop(vault);

        let restored = VaultFile::at(place("restored.vault"));
        let vault = restored
            .restore(&place("backup.vault"), &secret, host(2), &mut go_on)
            .unwrap();
        put(&vault);
        assert_eq!(receipts(&vault), 2);
        original
            .salvage(&place("salvaged.vault"), &secret, &host(3), &mut go_on)
            .unwrap();
        for copy in ["backup.vault", "salvaged.vault"] {
            let vault = VaultFile::at(place(copy)).open(&secret, host(4)).unwrap();
            put(&vault);
            assert!(receipts(&vault) >= 2, "{copy}");
        }
        let keep = VaultKey::Keep;
        let vault = original.rewrite(&secret, keep, host(5), &mut go_on).unwrap();
        assert_eq!(receipts(&vault), 2);
    }

    /// What a key store would keep.
    #[derive(Default)]
    struct Notebook(Mutex<Option<Position>>);

    impl Anchor for Notebook {
        fn recall(&self, file: FileId) -> Result<Option<u64>, AnchorUnavailable> {
            let noted = self.0.lock().unwrap().filter(|noted| noted.file == file);
            Ok(noted.map(|noted| noted.transactions))
        }

        fn remember(&self, position: Position) -> Result<(), AnchorUnavailable> {
            *self.0.lock().unwrap() = Some(position);
            Ok(())
        }
    }

    #[test]
    fn a_file_that_was_put_back_is_noticed_and_can_be_restored_as_a_vault_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (key, file) = (raw_key(), VaultFile::at(folder.path().join("a.vault")));
        let (secret, earlier) = (Secret::RawKey(&key), folder.path().join("earlier"));
        let notebook = Arc::new(Notebook::default());
        let anchored = |seed| Host {
            anchor: Some(notebook.clone()),
            ..host(seed)
        };
        let vault = file.create_with_key(&key, anchored(10)).unwrap();
        vault.allow_collection(Category::Receipts).unwrap();
        put(&vault);
        vault.checkpoint().unwrap();
        drop(vault);
        std::fs::copy(file.path(), &earlier).unwrap();
        let vault = file.open(&secret, anchored(11)).unwrap();
        put(&vault);
        drop(vault);
        let newer = notebook.0.lock().unwrap().unwrap().transactions;

        std::fs::copy(&earlier, file.path()).unwrap();
        let refused = file.open(&secret, anchored(12)).unwrap_err();
        let Error::File(vault_file::Error::RolledBack { expected, found }) = refused else {
            panic!("{refused}");
        };
        assert_eq!((expected, found), (newer, newer - 1));
        assert_eq!(
            std::fs::read(&earlier).unwrap(),
            std::fs::read(file.path()).unwrap()
        );
        file.open(&secret, host(13))
            .expect("without an anchor nobody knows");

        let own = VaultFile::at(folder.path().join("own.vault"));
        let vault = own.restore(&earlier, &secret, anchored(14), &mut go_on).unwrap();
        put(&vault);
        assert_eq!(receipts(&vault), 2);
        drop(vault);
        own.open(&secret, anchored(15)).unwrap();
    }

    #[test]
    fn what_lies_in_the_journal_is_counted_until_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::at(folder.path().join("a.vault"));
        let vault = file.create_with_key(&raw_key(), host(16)).unwrap();
        vault.allow_collection(Category::Receipts).unwrap();
        vault.checkpoint().unwrap();
        assert_eq!(vault.status().unwrap().journaled, 0);
        put(&vault);
        put(&vault);
        assert_eq!(vault.status().unwrap().journaled, 2);
        vault.checkpoint().unwrap();
        assert_eq!(vault.status().unwrap().journaled, 0);
    }

    #[test]
    fn work_that_is_stopped_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::at(folder.path().join("a.vault"));
        let vault = file.create_with_key(&raw_key(), host(6)).unwrap();
        let stop = &mut |_| ControlFlow::Break(());
        let stopped = vault.back_up(&folder.path().join("b.vault"), stop);
        assert!(matches!(stopped, Err(Error::File(vault_file::Error::Cancelled))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_recovery_code_that_vouches_for_another_owner_does_not_open_the_vault() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::at(folder.path().join("a.vault"));
        let vault = file.create_with_key(&raw_key(), host(7)).unwrap();
        let (_, code) = vault.create_recovery_code().unwrap();
        drop(vault);
        let vault = file.open(&Secret::Recovery(&code), host(8)).unwrap();
        let foreign = vault.store().unwrap().file().create_recovery([9; 32]).unwrap();
        drop(vault);
        let refused = file.open(&Secret::Recovery(&foreign), host(9)).unwrap_err();
        assert!(matches!(refused, Error::File(vault_file::Error::Tampered { .. })));
    }
}
