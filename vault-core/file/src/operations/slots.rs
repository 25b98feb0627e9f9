//! The key slots of an open file.

use crate::error::{Error, Fault, Part};
use crate::file::SealedFile;
use crate::header::{Header, KeySlot, SLOTS_MAX, SlotId, SlotInfo, SlotKind, check_removal};
use crate::keys::{NewSlot, Passphrase, RecoveryCode, Secret};

impl SealedFile {
    /// The key slots, in the order of the file.
    pub fn slots(&self) -> Vec<SlotInfo> {
        self.header().slots.iter().map(KeySlot::info).collect()
    }

    /// Adds a key slot. When this returns, its secret opens the file, whatever happens to the power.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if all 8 are in use, [`Error::KdfOutOfRange`], [`Error::KeyStore`],
    /// [`Error::TooLarge`] for what a key store made of the key, and what the file reports.
    pub fn add_slot(&self, new: NewSlot<'_>) -> Result<SlotId, Error> {
        self.change_header(|header| {
            if header.slots.len() >= SLOTS_MAX {
                return Err(Error::InvalidInput {
                    what: "all 8 key slots are in use: remove one first",
                });
            }
            let slot = self.seal_slot(header, new)?;
            let id = slot.id();
            header.slots.push(slot);
            Ok(id)
        })
    }

    /// Removes a key slot. When this returns, its secret no longer opens this file, also not with an older
    /// header put back. An older copy of the file it still opens.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchSlot`]; [`Error::LastSlot`] for the last passphrase or recovery code, and for the last
    /// raw key if only key stores would be left; and what the file reports.
    pub fn remove_slot(&self, slot: SlotId) -> Result<(), Error> {
        self.change_header(|header| {
            header.slots = check_removal(&header.slots, slot)?;
            Ok(())
        })
    }

    /// Replaces a passphrase, in one step: the old one, if it is given, or else the one that opened the
    /// file, or else the only one there is.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSecret`] if the old passphrase opens no slot; [`Error::SlotUnavailable`] if there is
    /// none; [`Error::InvalidInput`] if there are several and it was not said which;
    /// [`Error::KdfOutOfRange`]; and what the file reports.
    pub fn change_passphrase(&self, old: Option<&Passphrase>, new: &Passphrase) -> Result<SlotId, Error> {
        self.change_header(|header| {
            let place = self.passphrase_slot(header, old)?;
            let slot = self.seal_slot(header, NewSlot::Passphrase(new))?;
            let id = slot.id();
            header.slots[place] = slot;
            Ok(id)
        })
    }

    /// Draws a recovery code and adds its slot. Show the code once, for its owner to write down, and have
    /// it typed back before older recovery slots are removed: their codes stay good until then.
    ///
    /// `identity` is what the code shall vouch for, see [`NewSlot::Recovery`].
    ///
    /// # Errors
    ///
    /// Those of [`add_slot`](Self::add_slot).
    pub fn create_recovery(&self, identity: [u8; 32]) -> Result<RecoveryCode, Error> {
        let code = RecoveryCode::generate(&self.0.entropy)?;
        self.add_slot(NewSlot::Recovery {
            code: &code,
            identity,
        })?;
        Ok(code)
    }

    /// Changes the header: all of the change is durable when this returns, or nothing of it happened.
    pub(super) fn change_header<T>(
        &self,
        change: impl FnOnce(&mut Header) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _unchanged = self.header_unchanged();
        let mut header = self.header().clone();
        let result = change(&mut header)?;
        header.seq = header.seq.checked_add(1).ok_or(Fault::Tampered(Part::Header))?;
        let bytes = header.authenticated(&self.0.vault_key);
        self.0.store.replace_header(&bytes)?;
        *self.header() = header;
        Ok(result)
    }

    fn seal_slot(&self, header: &Header, new: NewSlot<'_>) -> Result<KeySlot, Error> {
        let (options, entropy) = (&self.0.options, &self.0.entropy);
        if matches!(new, NewSlot::Passphrase(_)) {
            options.kdf.check(options.kdf_ceiling)?;
            options.kdf.check(header.kdf_ceiling)?;
        }
        KeySlot::seal(new, &self.0.vault_key, header.lineage, options.kdf, entropy)
    }

    fn passphrase_slot(&self, header: &Header, old: Option<&Passphrase>) -> Result<usize, Error> {
        let wanted = SlotKind::Passphrase;
        let mut slots = (header.slots.iter().enumerate()).filter(|(_, slot)| slot.kind() == wanted);
        if let Some(old) = old {
            let ceilings = [header.kdf_ceiling, self.0.options.kdf_ceiling];
            for (place, slot) in slots {
                slot.check_work(ceilings)?;
                if slot.open(Secret::Passphrase(old), header.lineage)?.is_some() {
                    return Ok(place);
                }
            }
            return Err(Error::WrongSecret);
        }
        if let Some((place, _)) = slots
            .clone()
            .find(|(_, slot)| Some(slot.id()) == self.0.opened_by)
        {
            return Ok(place);
        }
        match (slots.next(), slots.next()) {
            (Some((place, _)), None) => Ok(place),
            (None, _) => Err(Error::SlotUnavailable { wanted }),
            (Some(_), Some(_)) => Err(Error::InvalidInput {
                what: "there are several passphrases: give the one to replace",
            }),
        }
    }
}
