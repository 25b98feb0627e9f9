//! The whole system through its public APIs and over real sockets: one module a promise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say what they expect"
)]

mod bad_input;
mod blocking;
mod changes;
mod clones;
mod domains;
mod forged;
mod histories;
mod imports;
mod kept_apart;
mod killed;
mod locked;
mod log;
mod nothing_leaves;
mod recovery;
mod refusals;
mod requirements;
mod rough_networks;
mod sealed;
mod secrecy;
mod set_back;
mod udp_blocked;
mod way_of_a_record;
mod windows;
mod withdrawn;
