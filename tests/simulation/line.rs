//! One connection: bytes on their way in both directions, in order. It can be cut at any byte, and the
//! two ends learn of that at different times.

use std::collections::BTreeMap;

use bytes::Bytes;
use vault_core::{
    GrantId,
    wire::{
        frame::{Frame, GrantPosition, Reader},
        statement::Event,
    },
};

use super::{planted::Planted, promises::Sent, server::Stream};

/// A connection between a copy of the vault and the server.
pub(crate) struct Line {
    /// Whose it is.
    pub(crate) owner: usize,
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
}

impl Line {
    pub(crate) fn new(owner: usize, stream: Stream) -> Self {
        Self {
            owner,
            outward: Vec::new(),
            homeward: Vec::new(),
            stream: Some(stream),
            said: Reader::default(),
            answered: Reader::default(),
            sent: None,
            positions: Vec::new(),
            ended: Vec::new(),
            stated: BTreeMap::new(),
        }
    }

    /// The frames that a device's bytes complete.
    pub(crate) fn parse(&mut self, bytes: &[u8]) -> Vec<Frame> {
        frames(&mut self.said, bytes)
    }

    /// Whether every batch that was sent is acknowledged, and heard of.
    pub(crate) fn awaits_nothing(&self) -> bool {
        self.homeward.is_empty() && self.sent.as_ref().is_some_and(Sent::is_answered)
    }

    /// Brings some bytes to the server.
    pub(crate) fn bring(&mut self, count: usize) {
        let bytes: Vec<u8> = self.outward.drain(..count).collect();
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
