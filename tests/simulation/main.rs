//! The real vault and the real service in one process, on simulated disks, clocks and a simulated network,
//! where everything that can go wrong does. Dice decide what happens; a seed repeats it to the byte.
//!
//! ```text
//! cargo test --release -p vault-tests --test simulation                       2,000 worlds
//! VAULT_SIMULATION_WORLDS=100000 cargo test --release -p vault-tests --test simulation -- --nocapture whatever
//! VAULT_SIMULATION_FIRST=4711 VAULT_SIMULATION_WORLDS=1 cargo test ...        one world again
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say what they expect"
)]

mod checks;
mod content;
mod deeds;
mod disk;
mod line;
#[path = "../model/mod.rs"]
mod model;
mod network;
mod overheard;
mod owner;
mod planted;
mod promises;
mod revocation;
mod server;
mod swarm;
mod world;
mod worlds;

use planted::Planted;
use swarm::Deed;
use worlds::{live, many, until_caught};

/// Worlds of an ordinary run.
const WORLDS: u64 = if cfg!(debug_assertions) { 120 } else { 2_000 };
/// Worlds within which every planted mistake must be found.
const WORLDS_TO_CATCH: u64 = 60;

#[test]
fn whatever_happens_the_server_serves_what_is_consented_and_ends_up_with_just_that() {
    many(WORLDS);
}

#[test]
fn a_seed_repeats_a_world_to_the_letter() {
    for seed in 0..4 {
        let (one, other) = (
            live(seed, Planted::Nothing, &[]),
            live(seed, Planted::Nothing, &[]),
        );
        let (one, other) = (one.expect("nothing is wrong"), other.expect("nothing is wrong"));
        assert_eq!(one.log, other.log, "seed {seed}");
        assert!(one.log.len() > 50, "seed {seed} is a dull world");
    }
}

#[test]
fn a_server_that_acknowledges_before_it_commits_is_found() {
    let found = until_caught(
        Planted::AckBeforeCommit,
        &[(Deed::ServerCrash, 4)],
        WORLDS_TO_CATCH,
    );
    assert!(
        found.contains("lost what it acknowledged")
            || found.contains("was acknowledged")
            || found.contains("forgot the withdrawal")
            || found.contains("may hold")
            || found.contains("after it was revoked"),
        "{found}"
    );
}

#[test]
fn a_device_that_counts_as_held_what_it_only_sent_is_found() {
    let found = until_caught(Planted::CursorMovesOnSend, &[], WORLDS_TO_CATCH);
    assert!(
        found.contains("at rest") || found.contains("lost what it acknowledged"),
        "{found}"
    );
}

#[test]
fn a_restored_device_that_uses_its_numbers_again_is_found() {
    let trouble = [(Deed::CopyDevice, 6), (Deed::SetDeviceBack, 4)];
    let found = until_caught(Planted::OldCopyGoesOn, &trouble, WORLDS_TO_CATCH);
    assert!(
        found.contains("at rest") || found.contains("is refused though it is granted"),
        "{found}"
    );
}

#[test]
fn a_server_that_tells_of_another_read_than_its_log_holds_is_found() {
    let found = until_caught(Planted::ReadIsToldOtherwise, &[], WORLDS_TO_CATCH);
    assert!(found.contains("contradicts its log"), "{found}");
}

#[test]
fn a_server_that_listens_to_a_lost_device_again_is_found() {
    let trouble = [(Deed::WriteCode, 12), (Deed::TakeBack, 8)];
    let found = until_caught(Planted::RevocationIsLost, &trouble, WORLDS_TO_CATCH);
    assert!(found.contains("after it was revoked"), "{found}");
}

#[test]
fn a_withdrawal_that_is_lost_after_its_acknowledgement_is_found() {
    let trouble = [(Deed::CopyServer, 10), (Deed::Withdraw, 8)];
    let found = until_caught(Planted::WithdrawalIsLost, &trouble, WORLDS_TO_CATCH);
    assert!(
        found.contains("after its withdrawal was acknowledged") || found.contains("forgot the withdrawal"),
        "{found}"
    );
}
