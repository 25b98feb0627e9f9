//! Taking a vault back with nothing but a recovery code.

use std::path::Path;

use vault_file::{NewSlot, Passphrase, RecoveryCode, SealedFile, Secret, SlotId, Watch};
use vault_wire::signature::SecretKey;
use zeroize::Zeroizing;

use super::{
    Vault, VaultFile, claiming,
    protecting::{check_opened, vouched},
};
use crate::{
    error::Error,
    host::Host,
    store::{Store, recovery_secret},
    sync::{ServerAddress, ServerKeyPin, find_escrow, settle_takeover, slot_of},
};

impl VaultFile {
    /// Makes this file, which must not exist, the vault that a recovery code belongs to: the same vault, on a
    /// device of its own. It opens with the passphrase and with the code.
    ///
    /// The next sync revokes every other device of the vault, and brings every grant that runs, for the owner to
    /// withdraw or to go on with. The records do not come back, because no server ever had them: only a backup
    /// of the file holds them, see [`recover_with_backup`](Self::recover_with_backup).
    ///
    /// # Errors
    /// [`Error::Sync`] with `Refused(NothingToRecover)` if the server keeps nothing for the code, those of the
    /// connection, and those of [`create`](Self::create). Then there is no file.
    pub async fn recover(
        &self,
        (code, passphrase): (&RecoveryCode, &Passphrase),
        server: (&ServerAddress, ServerKeyPin),
        host: Host,
    ) -> Result<Vault, Error> {
        self.must_not_exist()?;
        let secret = recovery_secret(code);
        let transport = Zeroizing::new(host.randomness.bytes());
        let found = find_escrow(server.0, server.1, &transport, &secret).await?;
        let owner_key = SecretKey::from_seed(&found.secrets.owner).public();
        let slots = [
            NewSlot::Passphrase(passphrase),
            NewSlot::Recovery {
                code,
                identity: vouched(&owner_key),
            },
        ];
        let file = SealedFile::create(self.path(), &slots, host.entropy(), &host.options)?;
        let store = Store::recover(file, host, &found.secrets, &transport)?;
        let slot = last_slot(&store)?;
        settle_takeover(&store, &found, (slot, &secret), server)?;
        Ok(Vault::of(store))
    }

    /// The same from a backup of the vault, which brings the records along. The file opens with what opened the
    /// backup, and with the code. The device that the backup came from is revoked with the others.
    ///
    /// # Errors
    /// Those of [`recover`](Self::recover) and of [`restore`](Self::restore);
    /// [`Error::OtherVault`]. Then there is no file, or one that is as if it had been restored.
    pub async fn recover_with_backup(
        &self,
        (backup, secret): (&Path, &Secret<'_>),
        code: &RecoveryCode,
        server: (&ServerAddress, ServerKeyPin),
        host: Host,
        progress: &mut Watch<'_>,
    ) -> Result<Vault, Error> {
        self.must_not_exist()?;
        let keys = recovery_secret(code);
        let transport = Zeroizing::new(host.randomness.bytes());
        let found = find_escrow(server.0, server.1, &transport, &keys).await?;
        let (entropy, options) = (host.entropy(), host.options);
        let file = SealedFile::restore(backup, self.path(), secret, entropy, &options, progress)?;
        let store = Store::open(file, host)?;
        check_opened(&store, secret)?;
        if store.identity.vault() != found.vault() {
            return Err(Error::OtherVault);
        }
        claiming::claim(&store)?;
        let store = store.on_device(&transport)?;
        let slot = match slot_of(&store, &store.view()?, &keys.key())? {
            Some(slot) => slot,
            None => store.file().add_slot(NewSlot::Recovery {
                code,
                identity: vouched(&store.identity.owner_key()),
            })?,
        };
        settle_takeover(&store, &found, (slot, &keys), server)?;
        Ok(Vault::of(store))
    }

    fn must_not_exist(&self) -> Result<(), Error> {
        match self.path().exists() {
            true => Err(vault_file::Error::AlreadyExists.into()),
            false => Ok(()),
        }
    }
}

/// The slot that was added last.
fn last_slot(store: &Store) -> Result<SlotId, Error> {
    let slot = store.file().slots().into_iter().next_back();
    slot.map(|slot| slot.id).ok_or(Error::NotFound("key slot"))
}
