//! Frames to bytes and back, with the length checked before anything is set aside.

use serde::{Serialize, de::DeserializeOwned};

use super::Frame;
use crate::{
    canonical,
    limits::{self, FRAME_BYTES_MAX},
};

/// Bytes that are not a frame. The connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The announced length is zero or beyond the limit.
    #[error("a frame of {0} bytes was announced; the limit is {FRAME_BYTES_MAX}")]
    Length(u32),
    /// The type is not one that this version knows.
    #[error("unknown frame type {0:#04x}: the other side is newer or faulty")]
    UnknownType(u8),
    /// The body is not what the type promises.
    #[error("malformed frame of type {0:#04x}: the other side is faulty")]
    Malformed(u8),
}

const HELLO: u8 = 0x01;
const REGISTER: u8 = 0x02;
const LINK_OPEN: u8 = 0x03;
const STATEMENT: u8 = 0x04;
const ENTRIES: u8 = 0x05;
const EVENTS_SEEN: u8 = 0x06;
const RECONCILE: u8 = 0x10;
const RECOVER: u8 = 0x40;
const PROVE: u8 = 0x41;
const REVOKE: u8 = 0x42;
const ESCROW: u8 = 0x43;
const WELCOME: u8 = 0x81;
const REGISTERED: u8 = 0x82;
const LINK_CODE: u8 = 0x83;
const STATEMENT_ACK: u8 = 0x84;
const ENTRIES_ACK: u8 = 0x85;
const NOTICE: u8 = 0x86;
const KEPT: u8 = 0x88;
const LOG_HEAD: u8 = 0xd0;
const LOG_LEAVES: u8 = 0xd1;
const RECONCILED: u8 = 0x90;
const CHALLENGE: u8 = 0xc0;
const RECOVERED: u8 = 0xc1;
const REVOKED: u8 = 0xc2;
const ESCROW_KEPT: u8 = 0xc3;
const REFUSED: u8 = 0xff;

/// The bytes of a frame, length first.
pub fn encode(frame: &Frame) -> Vec<u8> {
    match frame {
        Frame::Hello(body) => framed(HELLO, body),
        Frame::Register(body) => framed(REGISTER, body),
        Frame::LinkOpen(body) => framed(LINK_OPEN, body),
        Frame::Statement(body) => framed(STATEMENT, body),
        Frame::Entries(body) => framed(ENTRIES, body),
        Frame::EventsSeen(body) => framed(EVENTS_SEEN, body),
        Frame::Reconcile(body) => framed(RECONCILE, body),
        Frame::Welcome(body) => framed(WELCOME, body),
        Frame::Registered(body) => framed(REGISTERED, body),
        Frame::LinkCode(body) => framed(LINK_CODE, body),
        Frame::StatementAck(body) => framed(STATEMENT_ACK, body),
        Frame::EntriesAck(body) => framed(ENTRIES_ACK, body),
        Frame::Notice(body) => framed(NOTICE, body),
        Frame::Kept(body) => framed(KEPT, body),
        Frame::LogHead(body) => framed(LOG_HEAD, body),
        Frame::LogLeaves(body) => framed(LOG_LEAVES, body),
        Frame::Reconciled(body) => framed(RECONCILED, body),
        Frame::Recover(body) => framed(RECOVER, body),
        Frame::Prove(body) => framed(PROVE, body),
        Frame::Revoke(body) => framed(REVOKE, body),
        Frame::Escrow(body) => framed(ESCROW, body),
        Frame::Challenge(body) => framed(CHALLENGE, body),
        Frame::Recovered(body) => framed(RECOVERED, body),
        Frame::Revoked(body) => framed(REVOKED, body),
        Frame::EscrowKept(body) => framed(ESCROW_KEPT, body),
        Frame::Refused(body) => framed(REFUSED, body),
    }
}

/// Reads what follows the length: the type and the body, exactly.
pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
    let (&kind, body) = bytes.split_first().ok_or(FrameError::Length(0))?;
    if bytes.len() > largest(kind) {
        return Err(FrameError::Malformed(kind));
    }
    let frame = match kind {
        HELLO => Frame::Hello(whole(kind, body)?),
        REGISTER => Frame::Register(whole(kind, body)?),
        LINK_OPEN => Frame::LinkOpen(whole(kind, body)?),
        STATEMENT => Frame::Statement(whole(kind, body)?),
        ENTRIES => Frame::Entries(whole(kind, body)?),
        EVENTS_SEEN => Frame::EventsSeen(whole(kind, body)?),
        RECONCILE => Frame::Reconcile(whole(kind, body)?),
        WELCOME => Frame::Welcome(whole(kind, body)?),
        REGISTERED => Frame::Registered(whole(kind, body)?),
        LINK_CODE => Frame::LinkCode(whole(kind, body)?),
        STATEMENT_ACK => Frame::StatementAck(whole(kind, body)?),
        ENTRIES_ACK => Frame::EntriesAck(whole(kind, body)?),
        NOTICE => Frame::Notice(whole(kind, body)?),
        KEPT => Frame::Kept(whole(kind, body)?),
        LOG_HEAD => Frame::LogHead(whole(kind, body)?),
        LOG_LEAVES => Frame::LogLeaves(whole(kind, body)?),
        RECONCILED => Frame::Reconciled(whole(kind, body)?),
        RECOVER => Frame::Recover(whole(kind, body)?),
        PROVE => Frame::Prove(whole(kind, body)?),
        REVOKE => Frame::Revoke(whole(kind, body)?),
        ESCROW => Frame::Escrow(whole(kind, body)?),
        CHALLENGE => Frame::Challenge(whole(kind, body)?),
        RECOVERED => Frame::Recovered(whole(kind, body)?),
        REVOKED => Frame::Revoked(whole(kind, body)?),
        ESCROW_KEPT => Frame::EscrowKept(whole(kind, body)?),
        REFUSED => Frame::Refused(whole(kind, body)?),
        unknown => return Err(FrameError::UnknownType(unknown)),
    };
    if frame.within_limits() {
        Ok(frame)
    } else {
        Err(FrameError::Malformed(kind))
    }
}

/// The most bytes that a frame of this type may have. Small ones are held short because a list of
/// empty texts takes many times its bytes in memory.
const fn largest(kind: u8) -> usize {
    match kind {
        HELLO | WELCOME | ENTRIES | ENTRIES_ACK | LOG_LEAVES => FRAME_BYTES_MAX,
        STATEMENT | KEPT => limits::STATEMENT_FRAME_BYTES_MAX,
        _ => limits::CONTROL_FRAME_BYTES_MAX,
    }
}

/// How many bytes follow the four of the length, if that many are allowed.
pub fn length_of(prefix: [u8; 4]) -> Result<usize, FrameError> {
    let announced = u32::from_le_bytes(prefix);
    match usize::try_from(announced) {
        Ok(length @ 1..=FRAME_BYTES_MAX) => Ok(length),
        _ => Err(FrameError::Length(announced)),
    }
}

/// What a reader keeps set aside between frames, so that an idle connection costs little.
const IDLE_BYTES: usize = 4 << 10;

/// Puts frames together from bytes that arrive in pieces. Holds one frame at the most.
#[derive(Debug, Default)]
pub struct Reader {
    pending: Vec<u8>,
}

impl Reader {
    /// Takes bytes from the front of `input` and gives the next frame once it is complete. Call
    /// again until it gives none.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, FrameError> {
        if !self.fill(4, input) {
            return Ok(None);
        }
        let mut prefix = [0; 4];
        prefix.copy_from_slice(&self.pending[..4]);
        if !self.fill(4 + length_of(prefix)?, input) {
            return Ok(None);
        }
        let frame = decode(&self.pending[4..]);
        self.pending.clear();
        self.pending.shrink_to(IDLE_BYTES);
        frame.map(Some)
    }

    fn fill(&mut self, target: usize, input: &mut &[u8]) -> bool {
        let missing = target.saturating_sub(self.pending.len()).min(input.len());
        let (taken, rest) = input.split_at(missing);
        self.pending.extend_from_slice(taken);
        *input = rest;
        self.pending.len() >= target
    }
}

fn framed<T: Serialize>(kind: u8, body: &T) -> Vec<u8> {
    // Our bodies hold no type that postcard refuses; a frame without its body decodes as malformed.
    let mut bytes =
        postcard::to_extend(body, vec![0, 0, 0, 0, kind]).unwrap_or_else(|_| vec![0, 0, 0, 0, kind]);
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

fn whole<T: Serialize + DeserializeOwned>(kind: u8, body: &[u8]) -> Result<T, FrameError> {
    canonical::decode(body, "frame").map_err(|_| FrameError::Malformed(kind))
}

impl Frame {
    /// Whether its lists are no longer than the protocol allows.
    fn within_limits(&self) -> bool {
        match self {
            Self::Hello(hello) => {
                hello.grants.len() <= limits::GRANTS_MAX && hello.ended.len() <= limits::ENDED_MAX
            }
            Self::Welcome(welcome) => welcome.standings.len() <= limits::GRANTS_MAX + limits::ENDED_MAX,
            Self::Entries(batch) => batch.entries.len() <= limits::BATCH_ENTRIES_MAX,
            Self::EntriesAck(ack) => ack.rejected.len() <= limits::BATCH_ENTRIES_MAX,
            Self::LogLeaves(page) => page.leaves.len() <= limits::LOG_LEAVES_MAX,
            Self::Reconcile(body) | Self::Reconciled(body) => {
                body.message.len() <= limits::RECONCILE_BYTES_MAX
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        frame::{EventsSeen, Refusal, Refused},
        id::{GrantId, Slot},
    };

    fn frames() -> Vec<Frame> {
        let entry = crate::entry::Entry::delete(Slot([2; 16]), 7);
        vec![
            Frame::EventsSeen(EventsSeen { through: 300 }),
            Frame::Refused(Refused {
                refusal: Refusal::Unavailable,
            }),
            Frame::Entries(crate::frame::Entries {
                grant: GrantId([1; 16]),
                generation: 1,
                statement: 1,
                number: 9,
                entries: vec![entry; 3],
            }),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn frames_come_out_however_the_bytes_are_cut(cut in 1usize..40) {
            let bytes: Vec<u8> = frames().iter().flat_map(encode).collect();
            let (mut reader, mut seen) = (Reader::default(), Vec::new());
            for mut piece in bytes.chunks(cut) {
                while let Some(frame) = reader.next(&mut piece).unwrap() {
                    seen.push(frame);
                }
            }
            prop_assert_eq!(seen, frames());
        }
    }

    #[test]
    fn an_oversized_frame_is_refused_at_its_length() {
        let mut reader = Reader::default();
        let announced = u32::try_from(FRAME_BYTES_MAX + 1).unwrap();
        let bytes = announced.to_le_bytes();
        assert_eq!(
            reader.next(&mut bytes.as_slice()),
            Err(FrameError::Length(announced))
        );
    }

    #[test]
    fn a_frame_with_bytes_to_spare_is_malformed() {
        let mut bytes = encode(&frames()[0]);
        bytes.push(0);
        assert_eq!(decode(&bytes[4..]), Err(FrameError::Malformed(EVENTS_SEEN)));
    }

    #[test]
    fn a_number_written_longer_than_needed_is_malformed() {
        assert!(decode(&[EVENTS_SEEN, 0x05]).is_ok());
        assert_eq!(
            decode(&[EVENTS_SEEN, 0x85, 0x00]),
            Err(FrameError::Malformed(EVENTS_SEEN))
        );
    }

    #[test]
    fn a_batch_beyond_the_limit_is_malformed() {
        let batch = |count| {
            let entry = crate::entry::Entry::delete(Slot([2; 16]), 7);
            let entries = vec![entry; count];
            let (grant, generation, statement, number) = (GrantId([1; 16]), 1, 1, 9);
            let batch = crate::frame::Entries {
                grant,
                generation,
                statement,
                number,
                entries,
            };
            decode(&encode(&Frame::Entries(batch))[4..])
        };
        assert!(batch(limits::BATCH_ENTRIES_MAX).is_ok());
        assert_eq!(
            batch(limits::BATCH_ENTRIES_MAX + 1),
            Err(FrameError::Malformed(ENTRIES))
        );
    }

    #[test]
    fn a_notice_is_no_larger_than_a_request_needs() {
        let mut read = vec![NOTICE];
        read.resize(limits::CONTROL_FRAME_BYTES_MAX + 1, 0);
        assert_eq!(decode(&read), Err(FrameError::Malformed(NOTICE)));
    }

    #[test]
    fn an_idle_reader_keeps_little_memory() {
        let mut reader = Reader::default();
        let mut large = vec![ENTRIES];
        large.resize(FRAME_BYTES_MAX, 0);
        let length = u32::try_from(large.len()).unwrap().to_le_bytes();
        let bytes = [length.as_slice(), &large].concat();
        assert!(reader.next(&mut bytes.as_slice()).is_err());
        assert!(reader.pending.capacity() <= IDLE_BYTES);
    }

    #[test]
    fn an_unknown_type_is_named() {
        assert_eq!(decode(&[0x7e, 1, 2]), Err(FrameError::UnknownType(0x7e)));
    }
}
