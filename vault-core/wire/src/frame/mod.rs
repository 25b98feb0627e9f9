//! Frames: what travels between a vault and a sync server.
//!
//! `u32 length | u8 type | postcard body`, length little-endian and counting type and body. Both
//! directions share one ordered stream (the lane), so a withdrawal can never be overtaken by data
//! sent before it. Types are append-only.

mod codec;
mod device;
mod recovery;
mod server;

pub use codec::{FrameError, Reader, decode, encode, length_of};
pub use device::{
    Entries, EventsSeen, GrantPosition, Hello, LinkOpen, LogPosition, Reconcile, Register, SubmitStatement,
};
pub use recovery::{Challenge, EscrowKept, Prove, Recover, Recovered, Revoked};
pub use server::{
    Closed, DeliveredRequest, EntriesAck, Event, KeptStatement, LinkCode, LogLeaves, Notice, Refusal,
    Refused, Registered, Rejection, ServerKeys, ServerLimits, Standing, StatementAck, StatementOutcome,
    StatementRefusal, Welcome,
};

use crate::{
    log::SignedHead,
    recovery::{SignedEscrow, SignedRevocation},
};

/// Name of the protocol in TLS (ALPN, RFC 7301).
pub const ALPN: &[u8] = b"vault-sync/1";
/// The minor version that this crate speaks.
pub const MINOR: u16 = 0;

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Device: who it is and where each grant stands. Frozen for all minor versions.
    Hello(Hello),
    /// Device: enrol this vault.
    Register(Register),
    /// Device: open a link code.
    LinkOpen(LinkOpen),
    /// Device: a consent statement.
    Statement(Box<SubmitStatement>),
    /// Device: a batch of sealed entries.
    Entries(Entries),
    /// Device: notices up to here are kept.
    EventsSeen(EventsSeen),
    /// Device: what do you hold of this grant?
    Reconcile(Reconcile),
    /// Device, before HELLO: I have a recovery code.
    Recover(Recover),
    /// Device, before HELLO: the proof of it.
    Prove(Prove),
    /// Device, before HELLO: no other device speaks for the vault any more.
    Revoke(Box<SignedRevocation>),
    /// Device: the vault's secrets, sealed to its recovery codes.
    Escrow(Box<SignedEscrow>),
    /// Server: answer to HELLO.
    Welcome(Welcome),
    /// Server: the vault is enrolled.
    Registered(Registered),
    /// Server: a link code.
    LinkCode(LinkCode),
    /// Server: what became of a statement.
    StatementAck(Box<StatementAck>),
    /// Server: a batch is durable.
    EntriesAck(EntriesAck),
    /// Server: something for the owner.
    Notice(Box<Notice>),
    /// Server: what it holds.
    Reconciled(Reconcile),
    /// Server: a statement that the device did not name.
    Kept(Box<KeptStatement>),
    /// Server: prove that you have the code.
    Challenge(Challenge),
    /// Server: what lies here for the code.
    Recovered(Box<Recovered>),
    /// Server: a revocation is in force.
    Revoked(Revoked),
    /// Server: the escrow that it keeps.
    EscrowKept(EscrowKept),
    /// Server: what its log of the vault is by now.
    LogHead(SignedHead),
    /// Server: leaves of the log whose notices are gone.
    LogLeaves(LogLeaves),
    /// Server: the connection ends, and why.
    Refused(Refused),
}
