//! One connection: bytes on their way in both directions, in order. It can be cut at any byte, and the
//! two ends learn of that at different times.

use std::collections::BTreeMap;

use bytes::Bytes;
use vault_core::{
    GrantId,
    wire::{
        frame::{Frame, GrantPosition, Reader},
        recovery::SignedEscrow,
        signature::PublicKey,
        statement::Event,
    },
};

use super::{planted::Planted, promises::Sent, server::Stream};

/// A connection between a copy of the vault and the server.
pub(crate) struct Line {
    /// Whose it is.
    pub(crate) owner: usize,
    /// The transport key that its device shows.
    pub(crate) device: PublicKey,
    /// Bytes that the device has said and the server has not got.
    pub(crate) outward: Vec<u8>,
    /// Bytes that the server has said and the device has not got.
    pub(crate) homeward: Vec<u8>,
    /// The server's end; none once the server is gone or has hung up.
    stream: Option<Stream>,
    said: Reader,
    answered: Reader,
    /// What the promises must know of it; from HELLO on.
    pub(crate) sent: Option<Sent>,
    /// The positions in its HELLO.
    pub(crate) positions: Vec<GrantPosition>,
    /// The grants that it says are ended.
    pub(crate) ended: Vec<GrantId>,
    /// The statements that were made on it.
    pub(crate) stated: BTreeMap<(GrantId, u64), Event>,
    /// The recovery key in its RECOVER.
    pub(crate) recovers_with: Option<PublicKey>,
    /// The escrow that was sent on it last.
    pub(crate) escrow: Option<Box<SignedEscrow>>,
    /// Up to which byte what was asked on it reaches.
    asked: BTreeMap<Asked, usize>,
    /// How many bytes the device has said, and how many have arrived.
    bytes_said: usize,
    bytes_arrived: usize,
    /// How many had arrived when the server said that another device speaks alone.
    revoked_after: Option<usize>,
}

/// Something that the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    Hello,
    Statement(GrantId, u64),
    Batch(u64),
    Escrow,
    Revoke,
}

impl Line {
    pub(crate) fn new(owner: usize, device: PublicKey, stream: Stream) -> Self {
        Self {
            owner,
            device,
            outward: Vec::new(),
            homeward: Vec::new(),
            stream: Some(stream),
            said: Reader::default(),
            answered: Reader::default(),
            sent: None,
            positions: Vec::new(),
            ended: Vec::new(),
            stated: BTreeMap::new(),
            recovers_with: None,
            escrow: None,
            asked: BTreeMap::new(),
            bytes_said: 0,
            bytes_arrived: 0,
            revoked_after: None,
        }
    }

    /// The frames that a device's bytes complete.
    pub(crate) fn parse(&mut self, bytes: &[u8]) -> Vec<Frame> {
        frames(&mut self.said, bytes)
    }

    /// The device says something, which is on its way from here on.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.outward.extend_from_slice(bytes);
        self.bytes_said += bytes.len();
    }

    /// The next frame, of so many bytes, asks for an answer.
    pub(crate) fn asks(&mut self, asked: Asked, bytes: usize) {
        self.asked.insert(asked, self.bytes_said + bytes);
    }

    /// The server said that another device speaks alone.
    pub(crate) fn revoke(&mut self) {
        self.revoked_after.get_or_insert(self.bytes_arrived);
    }

    /// Whether the server may answer something: what came after it had revoked the device, it may not.
    pub(crate) fn may_be_answered(&self, asked: Asked) -> bool {
        self.revoked_after.is_none_or(|after| {
            let end = self.asked.get(&asked);
            end.is_some_and(|end| *end <= after)
        })
    }

    /// Whether every batch that was sent is acknowledged, and heard of.
    pub(crate) fn awaits_nothing(&self) -> bool {
        self.homeward.is_empty() && self.sent.as_ref().is_some_and(Sent::is_answered)
    }

    /// Brings some bytes to the server.
    pub(crate) fn bring(&mut self, count: usize) {
        let bytes: Vec<u8> = self.outward.drain(..count).collect();
        self.bytes_arrived += count;
        if let Some(stream) = &self.stream {
            // A lane that ended takes nothing more.
            let _ = stream.to_server.send(Bytes::from(bytes));
        }
    }

    /// Takes what the server has said since. Returns the frames.
    pub(crate) fn collect(&mut self, planted: Planted) -> Vec<Frame> {
        let mut completed = Vec::new();
        let Some(stream) = &mut self.stream else {
            return completed;
        };
        while let Ok(bytes) = stream.from_server.try_recv() {
            completed.extend(frames(&mut self.answered, &bytes));
        }
        for frame in &completed {
            self.homeward.extend(Self::as_heard(planted, frame));
        }
        completed
    }

    /// Whether the server still holds its end.
    pub(crate) fn is_held_by_server(&self) -> bool {
        self.stream
            .as_ref()
            .is_some_and(|stream| !stream.to_server.is_closed())
    }

    /// The server's end is gone, with all that was on its way there.
    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
        self.outward.clear();
    }
}

fn frames(reader: &mut Reader, mut bytes: &[u8]) -> Vec<Frame> {
    let mut completed = Vec::new();
    while let Some(frame) = reader.next(&mut bytes).expect("both sides send frames") {
        completed.push(frame);
    }
    completed
}
