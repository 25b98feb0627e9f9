//! Taking a vault back with nothing but a recovery code.

use std::{fmt, path::Path};

use vault_file::{Disk, NewSlot, Passphrase, RawKey, RecoveryCode, SealedFile, Secret, Watch};
use vault_wire::{
    frame::{Reader, encode},
    signature::{PublicKey, SecretKey},
};
use zeroize::Zeroizing;

use super::{
    Vault, VaultFile, claiming,
    protecting::{check_opened, vouched},
};
use crate::{
    error::Error,
    host::Host,
    store::{Store, recovery_secret},
    sync::{Asking, Found, ServerAddress, ServerKeyPin, SyncError, find_escrow, settle_takeover, slot_of},
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
        let transport = Zeroizing::new(host.randomness.bytes());
        let found = find_escrow(server.0, server.1, &transport, recovery_secret(code)).await?;
        let slots = [NewSlot::Passphrase(passphrase), slot_for(code, &found)];
        let file = SealedFile::create(self.path(), &slots, host.entropy(), &host.options)?;
        fill(file, host, (&found, &transport), code, server)
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
        let found = find_escrow(server.0, server.1, &transport, recovery_secret(code)).await?;
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

/// A recovery over a transport of the host's: bytes go in, bytes come out, until the server has told what lies there
/// for a code. The host must have made sure whom it speaks to, as TLS does, and shows [`device`](Self::device) to it.
///
/// Whoever drives it sends what [`say`](Self::say) gives, and hands what comes to [`hear`](Self::hear). After an
/// error it is over; asking again costs nothing.
pub struct Recovery<'c> {
    code: &'c RecoveryCode,
    pin: ServerKeyPin,
    transport: Zeroizing<[u8; 32]>,
    asking: Asking,
    reader: Reader,
    found: Option<Found>,
}

impl<'c> Recovery<'c> {
    /// Begins to ask the server of a key for what lies there for a code, as a new device.
    pub fn begin(code: &'c RecoveryCode, server: ServerKeyPin, host: &Host) -> Self {
        let transport = Zeroizing::new(host.randomness.bytes());
        Self {
            asking: Asking::begin(recovery_secret(code), &transport, server),
            code,
            pin: server,
            transport,
            reader: Reader::default(),
            found: None,
        }
    }

    /// The transport key of the new device.
    pub const fn device(&self) -> PublicKey {
        self.asking.device()
    }

    /// The next bytes to send: one frame. Nothing, if there is none now.
    pub fn say(&mut self) -> Option<Vec<u8>> {
        self.asking.say().map(|frame| encode(&frame))
    }

    /// Takes in the next bytes of the server.
    ///
    /// # Errors
    /// [`Error::Sync`] with `Refused(NothingToRecover)` if the server keeps nothing for the code, and for answers that
    /// are none.
    pub fn hear(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while let Some(frame) = self.reader.next(&mut bytes).map_err(SyncError::Frame)? {
            let found = self.asking.hear(frame)?;
            self.found = self.found.take().or(found);
        }
        Ok(())
    }

    /// Whether the server has told what lies there: the vault can be [made](Vault::recover_on).
    pub const fn has_found(&self) -> bool {
        self.found.is_some()
    }
}

impl Vault {
    /// Makes an empty disk the vault that a recovery found, as [`VaultFile::recover`] does with a file. It opens with
    /// 32 bytes that the host keeps, and with the code.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the recovery has not found anything, and those of [`create_on`](Self::create_on).
    pub fn recover_on(
        disk: impl Disk,
        key: &RawKey,
        recovery: &Recovery<'_>,
        server: &ServerAddress,
        host: Host,
    ) -> Result<Self, Error> {
        let Recovery {
            code,
            pin,
            transport,
            found,
            ..
        } = recovery;
        let found = found.as_ref().ok_or(Error::NotFound("escrow"))?;
        let slots = [NewSlot::RawKey(key), slot_for(code, found)];
        let file = SealedFile::create_on(disk, &slots, host.entropy(), &host.options)?;
        fill(file, host, (found, transport), code, (server, *pin))
    }
}

impl fmt::Debug for Recovery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recovery(..)")
    }
}

/// Makes a file that was just created, and that the code opens by its last slot, the vault that was found.
fn fill(
    file: SealedFile,
    host: Host,
    (found, transport): (&Found, &[u8; 32]),
    code: &RecoveryCode,
    server: (&ServerAddress, ServerKeyPin),
) -> Result<Vault, Error> {
    let store = Store::recover(file, host, &found.secrets, transport)?;
    let slot = store.file().slots().into_iter().next_back();
    let slot = slot.ok_or(Error::NotFound("key slot"))?.id;
    settle_takeover(&store, found, (slot, &recovery_secret(code)), server)?;
    Ok(Vault::of(store))
}

/// The key slot of a code in the vault that it belongs to.
fn slot_for<'c>(code: &'c RecoveryCode, found: &Found) -> NewSlot<'c> {
    let owner_key = SecretKey::from_seed(&found.secrets.owner).public();
    NewSlot::Recovery {
        code,
        identity: vouched(&owner_key),
    }
}
