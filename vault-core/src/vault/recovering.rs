//! Taking a vault back with nothing but a recovery code.

use vault_file::{NewSlot, Passphrase, RecoveryCode, SealedFile, SlotKind};
use vault_wire::signature::SecretKey;
use zeroize::Zeroizing;

use super::{Vault, VaultFile};
use crate::{
    error::Error,
    host::Host,
    store::{Store, recovery_secret},
    sync::{ServerAddress, ServerKeyPin, find_escrow, settle_takeover},
};

impl VaultFile {
    /// Makes this file, which must not exist, the vault that a recovery code belongs to: the same vault, on a
    /// device of its own. It opens with the passphrase and with the code.
    ///
    /// The next sync revokes every other device of the vault, and brings every grant that runs, for the owner to
    /// withdraw or to go on with. The records do not come back, because no server ever had them: only a backup
    /// of the file holds them.
    ///
    /// # Errors
    /// [`Error::Sync`] with `Refused(NothingToRecover)` if the server keeps nothing for the code, those of the
    /// connection, and those of [`create`](Self::create). Then there is no file.
    pub async fn recover(
        &self,
        (code, passphrase): (&RecoveryCode, &Passphrase),
        (server, key): (&ServerAddress, ServerKeyPin),
        host: Host,
    ) -> Result<Vault, Error> {
        if self.path().exists() {
            return Err(vault_file::Error::AlreadyExists.into());
        }
        let secret = recovery_secret(code);
        let transport = Zeroizing::new(host.randomness.bytes());
        let found = find_escrow(server, key, &transport, &secret).await?;
        let owner_key = SecretKey::from_seed(&found.secrets.owner).public();
        let slots = [
            NewSlot::Passphrase(passphrase),
            NewSlot::Recovery {
                code,
                identity: super::protecting::vouched(&owner_key),
            },
        ];
        let file = SealedFile::create(self.path(), &slots, host.entropy(), &host.options)?;
        let store = Store::recover(file, host, &found.secrets, &transport)?;
        let slot = store.file().slots().into_iter();
        let slot = slot
            .filter(|slot| slot.kind == SlotKind::Recovery)
            .map(|slot| slot.id)
            .next();
        let slot = slot.ok_or(Error::NotFound("key slot"))?;
        settle_takeover(&store, &found, (slot, &secret), (server, key))?;
        Ok(Vault::of(store))
    }
}
