//! The bytes of the protocol, pinned. A change that makes one of these tests fail breaks every
//! device and server already out there: it needs a new version, not a new expectation.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod documents;
mod frames;
mod messages;
mod samples;
mod sealing;
mod variants;
mod vectors;

use samples::{bytes_of, hex};
use vault_wire::frame as wire;

/// The bytes of pieces written as `hexadecimal | what it is`, one field a line.
fn pinned(pieces: &[&str]) -> Vec<u8> {
    let fields = pieces.iter().flat_map(|piece| piece.lines());
    fields
        .filter_map(|line| line.split('|').next())
        .flat_map(bytes_of)
        .collect()
}

#[test]
fn every_frame_has_its_pinned_bytes_and_reads_back_from_them() {
    for (name, frame, pieces) in messages::frames() {
        let bytes = pinned(pieces);
        assert_eq!(hex(&wire::encode(&frame)), hex(&bytes), "{name}");
        let mut rest = bytes.as_slice();
        let read = wire::Reader::default().next(&mut rest);
        assert_eq!(read, Ok(Some(frame)), "{name}");
        assert!(rest.is_empty(), "{name}");
    }
}

#[test]
fn every_document_has_its_pinned_bytes() {
    for (name, bytes, pieces) in samples::documents() {
        assert_eq!(hex(&bytes), hex(&pinned(&[pieces])), "{name}");
    }
}
