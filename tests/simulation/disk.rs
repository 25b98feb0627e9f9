//! Disks in memory that lose power on command. A machine may have several; power fails for all of them
//! at once.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use harness::Dice;
use vault_core::Disk;

/// What a machine keeps without power: one image a disk.
pub(crate) type Image = Vec<u8>;

/// The power of one machine.
#[derive(Clone, Debug)]
pub(crate) struct Power(Arc<Mutex<Supply>>);

#[derive(Debug)]
struct Supply {
    is_dark: bool,
    /// Syncs until power fails, and whether the last of them still reaches the disk.
    cut: Option<(u64, bool)>,
    /// A planted mistake: `sync` returns without doing anything.
    sync_lies: bool,
}

impl Power {
    /// Power that stays on.
    pub(crate) fn on() -> Self {
        Self(Arc::new(Mutex::new(Supply {
            is_dark: false,
            cut: None,
            sync_lies: false,
        })))
    }

    /// Lets the power fail at a sync to come, before or after it reaches the disk.
    pub(crate) fn fail_at(&self, syncs: u64, reaches_disk: bool) {
        self.supply().cut = Some((syncs, reaches_disk));
    }

    /// Cuts the power now.
    pub(crate) fn cut(&self) {
        self.supply().is_dark = true;
    }

    /// Power no longer fails by itself.
    pub(crate) fn steady(&self) {
        self.supply().cut = None;
    }

    /// From now on nothing that is synced becomes durable: a planted mistake.
    pub(crate) fn let_sync_lie(&self) {
        self.supply().sync_lies = true;
    }

    /// Whether power has failed.
    pub(crate) fn is_dark(&self) -> bool {
        self.supply().is_dark
    }

    fn supply(&self) -> MutexGuard<'_, Supply> {
        self.0.lock().unwrap()
    }

    fn check(&self) -> io::Result<()> {
        match self.is_dark() {
            true => Err(io::Error::other("no power")),
            false => Ok(()),
        }
    }

    /// Counts a sync. Whether it reaches the disk, and whether the machine lives to hear of it.
    fn sync(&self) -> (bool, bool) {
        let mut supply = self.supply();
        let reaches = !supply.sync_lies;
        match supply.cut {
            Some((0, at_the_end)) => {
                supply.is_dark = true;
                (reaches && at_the_end, false)
            }
            Some((left, at_the_end)) => {
                supply.cut = Some((left - 1, at_the_end));
                (reaches, true)
            }
            None => (reaches, true),
        }
    }
}

/// A disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub(crate) struct SimDisk {
    power: Power,
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    durable: Image,
    seen: Image,
    unsynced: Vec<Unsynced>,
}

#[derive(Debug)]
enum Unsynced {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A power cut tears writes at multiples of this.
const GRAIN: usize = 512;

impl SimDisk {
    /// A disk with this content.
    pub(crate) fn holding(image: &Image, power: &Power) -> Self {
        let content = Content {
            durable: image.clone(),
            seen: image.clone(),
            unsynced: Vec::new(),
        };
        Self {
            power: power.clone(),
            content: Arc::new(Mutex::new(content)),
        }
    }

    /// What is durable at this moment: what somebody who copies the disk gets.
    pub(crate) fn durable(&self) -> Image {
        self.content().durable.clone()
    }

    /// What is left after power has failed: each small piece of what was not synced survives or not.
    pub(crate) fn after_power_cut(&self, dice: &mut Dice) -> Image {
        let content = self.content();
        let mut image = content.durable.clone();
        if self.power.supply().sync_lies {
            // All of it together, so that what is left is whole, and old.
            return image;
        }
        // In whatever order the pieces were written, a place fares the same.
        let chance = u64::from_le_bytes(dice.bytes());
        let survives = |place: usize| {
            let mut dice = Dice::silent(chance ^ place as u64);
            let survival = *dice.one_of(&[0, 0, 50, 85, 100, 100]);
            dice.percent(survival)
        };
        for change in &content.unsynced {
            match change {
                Unsynced::Length(length) => {
                    if survives(*length) {
                        image.resize(*length, 0);
                    }
                }
                Unsynced::Write { offset, bytes } => {
                    for (number, piece) in bytes.chunks(GRAIN).enumerate() {
                        let place = offset + number * GRAIN;
                        if survives(place) {
                            write(&mut image, place, piece);
                        }
                    }
                }
            }
        }
        image
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }
}

impl Disk for SimDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.content().seen.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let content = self.content();
        let start = usize::try_from(offset).unwrap();
        let found = content
            .seen
            .get(start..start + bytes.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.power.check()?;
        let mut content = self.content();
        let offset = usize::try_from(offset).unwrap();
        write(&mut content.seen, offset, bytes);
        let bytes = bytes.to_vec();
        content.unsynced.push(Unsynced::Write { offset, bytes });
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.power.check()?;
        let mut content = self.content();
        let len = usize::try_from(len).unwrap();
        content.seen.resize(len, 0);
        content.unsynced.push(Unsynced::Length(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.power.check()?;
        let (reaches_disk, lives) = self.power.sync();
        if reaches_disk {
            let content = &mut *self.content();
            for change in content.unsynced.drain(..) {
                match change {
                    Unsynced::Length(length) => content.durable.resize(length, 0),
                    Unsynced::Write { offset, bytes } => write(&mut content.durable, offset, &bytes),
                }
            }
        }
        match lives {
            true => Ok(()),
            false => Err(io::Error::other("no power")),
        }
    }

    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}

fn write(image: &mut Image, offset: usize, bytes: &[u8]) {
    if image.len() < offset + bytes.len() {
        image.resize(offset + bytes.len(), 0);
    }
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}
