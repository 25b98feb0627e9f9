//! The rules of the layout that cannot be seen from outside, and its promises at a size at which a small file
//! has many groups and directories.

#[path = "../../../tests/promises/dice.rs"]
#[expect(dead_code, reason = "what the tests of the whole file use besides")]
mod dice;
mod hostile;
#[path = "../../../tests/promises/image.rs"]
mod image;
mod memory;
mod power_cut;
#[path = "../../../tests/promises/remains.rs"]
#[expect(dead_code, reason = "what the tests of the whole file use besides")]
mod remains;
mod replay;
#[path = "../../../tests/promises/simulated_disk/mod.rs"]
#[expect(dead_code, reason = "what the tests of the whole file use besides")]
mod simulated_disk;
mod sizes;
mod small_vault;
mod switching;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::entropy::Entropy;
use crate::header::{FileId, Unlocked};
use crate::keys::{FileIdentity, Key};

fn seeded(seed: u64) -> Entropy {
    Entropy::new(ChaCha20Rng::seed_from_u64(seed))
}

/// The same keys for every file of these tests.
fn key_material(header_seq: u64) -> Unlocked {
    let file = FileIdentity {
        id: FileId([1; 16]),
        epoch: 1,
    };
    Unlocked {
        file,
        header_seq,
        vault_key: Key::zeroed(),
        file_key: Key::zeroed(),
        root_key: Key::zeroed(),
    }
}
