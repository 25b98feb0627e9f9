//! The memory of this very process, as a core dump would hold it.

use std::os::unix::fs::FileExt;

use zeroize::Zeroize;

const MASK: u8 = 0x5A;
const CHUNK: usize = 1 << 20;

/// Something to look for. It is held masked, so that a search does not find itself.
#[derive(Clone, Debug)]
pub(crate) struct Needle(Vec<u8>);

impl Needle {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(masked(bytes))
    }

    /// As it is passed to another process, still masked.
    pub(crate) fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn from_hex(hex: &str) -> Self {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Self((0..hex.len()).step_by(2).map(byte).collect())
    }

    /// The bytes themselves: wipe them.
    pub(crate) fn unmasked(&self) -> Vec<u8> {
        masked(&self.0)
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        let first = self.0[0] ^ MASK;
        let matches = |window: &[u8]| {
            window
                .iter()
                .zip(&self.0)
                .all(|(byte, masked)| byte ^ MASK == *masked)
        };
        bytes
            .windows(self.0.len())
            .any(|window| window[0] == first && matches(window))
    }

    /// Whether it is anywhere in memory that this process can write to.
    pub(crate) fn is_in_memory(&self) -> bool {
        let memory = std::fs::File::open("/proc/self/mem").unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut buffer = vec![0; CHUNK + self.0.len()];
        let mut found = false;
        for line in maps.lines().filter(|line| line.contains(" rw-p ")) {
            let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let (mut at, end) = (address(start), address(end));
            while at < end && !found {
                let len = buffer.len().min(usize::try_from(end - at).unwrap());
                // Some regions cannot be read; they hold none of our bytes.
                if memory.read_exact_at(&mut buffer[..len], at).is_ok() {
                    found = self.is_in(&buffer[..len]);
                }
                // Or the next search finds what this one has read.
                buffer.as_mut_slice().zeroize();
                at += CHUNK as u64;
            }
        }
        found
    }
}

fn address(hex: &str) -> u64 {
    u64::from_str_radix(hex, 16).unwrap()
}

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

/// The most memory that this process has had at once since [`forget_peak`], in bytes.
pub(crate) fn peak() -> u64 {
    status("VmHWM:")
}

/// The memory that this process has now, in bytes.
pub(crate) fn resident() -> u64 {
    status("VmRSS:")
}

pub(crate) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}
