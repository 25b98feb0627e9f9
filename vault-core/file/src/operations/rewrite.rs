//! Rewriting: rekey, compaction and purge in one.
//!
//! A rewrite that did not end is begun again, not resumed: what it had written may be torn, and telling
//! would cost as much as writing it again. Its file has one fixed name, which the next opener of the vault
//! removes while it holds the vault's lock, so a crash leaves the old vault or the new one and nothing else.

use std::path::Path;

use super::Watch;
use crate::disk::{Disk, Replacement};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::file::SealedFile;
use crate::header::{Header, KeySlot, Refill, SlotInfo, SlotKind, check_new, refill};
use crate::keys::{FileIdentity, Key, NewSlot, Passphrase, PlatformKeyStore, RawKey, Secret};
use crate::options::Options;

/// The vault key of a rewritten file.
#[non_exhaustive]
pub enum VaultKey<'a> {
    /// The same, in the same slots. Somebody who has an old copy of the file and an old secret of it has
    /// this key, and opens the new file too.
    Keep,
    /// A new one. Each slot's secret is asked again, except that of a recovery code, whose public half is
    /// enough.
    Renew(&'a mut dyn FnMut(&SlotInfo) -> Result<SlotSecret<'a>, Error>),
}

/// A slot's secret, asked again to seal a new vault key.
#[non_exhaustive]
pub enum SlotSecret<'a> {
    /// The passphrase of the slot: another one is [`Error::WrongSecret`].
    Passphrase(Passphrase),
    /// The raw key of the slot: another one is [`Error::WrongSecret`].
    RawKey(RawKey),
    /// A key store; it need not be the one that has the old key.
    Platform(&'a dyn PlatformKeyStore),
    /// The slot is left out.
    Remove,
}

impl SealedFile {
    /// Streams every table of a vault, in key order, into a fresh file under a fresh file key, and puts it in
    /// the vault's place: what was removed from the vault is then gone, and its pages are packed. The vault
    /// must not be open; it is locked meanwhile, and untouched until the new file is durable. Needs room for
    /// both. Returns the new file, opened.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`]; [`Error::WrongSecret`] also for a secret that was asked again and is not its
    /// slot's; [`Error::LastSlot`] if too few slots would be left; those of [`open`](Self::open), and what
    /// either file reports. Then the old file is still there.
    pub fn rewrite(
        path: &Path,
        secret: &Secret<'_>,
        vault_key: VaultKey<'_>,
        entropy: Entropy,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Error> {
        let old = Self::open(path, secret, entropy, options)?;
        let (replacement, disk) = Replacement::of(path)?;
        let new = old.rewritten(disk, vault_key, watch)?;
        replacement.take_place()?;
        Ok(new)
    }

    /// Rewrites what one disk holds to another, empty one, as [`rewrite`](Self::rewrite) does before it
    /// gives the new file its name.
    ///
    /// # Errors
    ///
    /// Those of [`rewrite`](Self::rewrite).
    pub fn rewrite_on(
        old: impl Disk,
        new: impl Disk,
        secret: &Secret<'_>,
        vault_key: VaultKey<'_>,
        entropy: Entropy,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Error> {
        Self::open_on(old, secret, entropy, options)?.rewritten(new, vault_key, watch)
    }

    fn rewritten(
        &self,
        disk: impl Disk,
        vault_key: VaultKey<'_>,
        watch: &mut Watch<'_>,
    ) -> Result<Self, Error> {
        let header = self.header().clone();
        let (slots, vault_key) = match vault_key {
            VaultKey::Keep => (header.slots.clone(), Key::new(self.0.vault_key.as_bytes())),
            VaultKey::Renew(ask) => {
                let vault_key = Key::random(&self.0.entropy)?;
                (self.resealed_slots(&header, &vault_key, ask)?, vault_key)
            }
        };
        let own = Refill {
            file: FileIdentity {
                epoch: header.file.epoch.saturating_add(1),
                ..header.file
            },
            header_seq: header.seq.saturating_add(1),
            origin: header.origin,
            slots,
            vault_key,
        };
        let sealed = refill(&header, &self.0.root_key, own, &self.0.entropy)?;
        let (new, _) = self.fill_like(disk, sealed, watch)?;
        Ok(new)
    }

    /// The slots, for a new vault key.
    fn resealed_slots<'a>(
        &self,
        header: &Header,
        vault_key: &Key,
        ask: &mut dyn FnMut(&SlotInfo) -> Result<SlotSecret<'a>, Error>,
    ) -> Result<Vec<KeySlot>, Error> {
        let mut slots = Vec::new();
        for slot in &header.slots {
            let resealed = match slot.kind() {
                SlotKind::Recovery => {
                    let slot = slot.clone();
                    Some(slot.reseal_to_recovery(vault_key, header.lineage, &self.0.entropy)?)
                }
                _ => self.resealed(header, slot, vault_key, &ask(&slot.info())?)?,
            };
            slots.extend(resealed);
        }
        let kinds: Vec<_> = slots.iter().map(KeySlot::kind).collect();
        let had_human = header.slots.iter().any(|slot| slot.kind().is_human());
        let has_human = kinds.iter().any(|kind| kind.is_human());
        if check_new(&kinds).is_err() || (had_human && !has_human) {
            return Err(Error::LastSlot);
        }
        Ok(slots)
    }

    fn resealed(
        &self,
        header: &Header,
        slot: &KeySlot,
        vault_key: &Key,
        secret: &SlotSecret<'_>,
    ) -> Result<Option<KeySlot>, Error> {
        let (options, entropy) = (&self.0.options, &self.0.entropy);
        let (old, new) = match secret {
            SlotSecret::Remove => return Ok(None),
            SlotSecret::Passphrase(secret) => (Some(Secret::Passphrase(secret)), NewSlot::Passphrase(secret)),
            SlotSecret::RawKey(secret) => (Some(Secret::RawKey(secret)), NewSlot::RawKey(secret)),
            SlotSecret::Platform(store) => (None, NewSlot::Platform(*store)),
        };
        if SlotKind::of_new(new) != slot.kind() {
            return Err(Error::WrongSecret);
        }
        if let Some(old) = old {
            slot.check_work([header.kdf_ceiling, options.kdf_ceiling])?;
            if slot.open(old, header.lineage)?.is_none() {
                return Err(Error::WrongSecret);
            }
        }
        if slot.kind() == SlotKind::Passphrase {
            options.kdf.check(header.kdf_ceiling)?;
            options.kdf.check(options.kdf_ceiling)?;
        }
        KeySlot::seal(new, vault_key, header.lineage, options.kdf, entropy).map(Some)
    }
}
