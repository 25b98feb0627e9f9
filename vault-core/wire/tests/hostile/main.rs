//! Bytes from outside, at their worst: nothing panics, nothing has two encodings, and nothing takes
//! much more memory than it has bytes.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "../../fuzz/src/decoders.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the fuzz targets are a crate of their own"
)]
mod decoders;
mod memory;

use std::fmt::Display;

use memory::peak_of;
use proptest::{prelude::*, sample::Index};
use serde_json::Value as Json;
use vault_wire::{frame, json, limits, payload::Payload, signature::PublicKey};

/// One decoder: what it reads back to, if it accepts.
struct Decoder {
    name: &'static str,
    /// Which bits to turn in each byte, one after another; few where each try costs signatures.
    turned: &'static [u8],
    /// Reads, writes what was read, and gives those bytes.
    round_trip: fn(&[u8]) -> Option<Vec<u8>>,
}

const EVERY_BIT: [u8; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x7f, 0xff];

const fn decoder(name: &'static str, turned: &'static [u8], round_trip: decoders::Decoder) -> Decoder {
    Decoder {
        name,
        turned,
        round_trip,
    }
}

const FRAME: Decoder = decoder("frame", &EVERY_BIT, decoders::frame);
const PAYLOAD: Decoder = decoder("payload", &EVERY_BIT, decoders::payload);
const REQUEST: Decoder = decoder("consent request", &EVERY_BIT, decoders::request);
const STATEMENT: Decoder = decoder("statement", &[0x01, 0x80], decoders::statement);
const CERTIFICATE: Decoder = decoder("certificate", &[0x01, 0x80], decoders::certificate);
const ERASURE: Decoder = decoder("erasure", &[0x01, 0x80], decoders::erasure);
const ACCEPTANCE: Decoder = decoder("acceptance", &[0x01, 0x80], decoders::acceptance);
const LOG_HEAD: Decoder = decoder("log head", &[0x01, 0x80], decoders::log_head);
static DECODERS: [Decoder; 8] = [
    FRAME,
    PAYLOAD,
    REQUEST,
    STATEMENT,
    CERTIFICATE,
    ERASURE,
    ACCEPTANCE,
    LOG_HEAD,
];

/// Every valid sample with the decoder that it is for.
fn samples() -> Vec<(String, &'static Decoder, Vec<u8>)> {
    let vectors: Json = serde_json::from_str(include_str!("../../../../tests/vectors/vectors.json")).unwrap();
    let all = |list: &str| vectors[list].as_array().unwrap().clone();
    let sample = |vector: &Json| {
        let (name, digits) = (
            vector["name"].as_str().unwrap(),
            vector["bytes"].as_str().unwrap(),
        );
        let pairs = digits.as_bytes().chunks(2);
        let bytes: Vec<u8> = pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        (name.to_owned(), bytes)
    };
    let frames = all("frames").iter().map(sample).collect::<Vec<_>>().into_iter();
    let documents = all("documents")
        .iter()
        .map(sample)
        .collect::<Vec<_>>()
        .into_iter();
    let decoder_of = |name: &str| DECODERS.iter().find(|d| name.starts_with(d.name)).unwrap();
    frames
        .map(|(name, bytes)| (name, &DECODERS[0], bytes[4..].to_vec()))
        .chain(documents.map(|(name, bytes)| (name.clone(), decoder_of(&name), bytes)))
        .collect()
}

/// Accepts only what writes back as the same bytes.
fn check(decoder: &Decoder, bytes: &[u8], what: impl Display) {
    if let Some(written) = (decoder.round_trip)(bytes) {
        assert!(
            written == bytes,
            "{} from {what}: {} became {}",
            decoder.name,
            json::hex(bytes),
            json::hex(&written)
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_have_one_encoding(bytes in prop::collection::vec(any::<u8>(), 0..1_500)) {
        DECODERS.iter().for_each(|decoder| check(decoder, &bytes, "anything"));
    }

    #[test]
    fn frames_of_any_body_are_refused_or_have_one_encoding(
        kind in prop::sample::select(vec![1u8, 2, 3, 4, 5, 6, 7, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0xd0, 0xd1, 0xff]),
        body in prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..200),
    ) {
        check(&FRAME, &[&[kind], body.as_slice()].concat(), "a body");
    }

    #[test]
    fn a_sample_with_a_piece_replaced_is_refused_or_has_one_encoding(
        sample: Index,
        from: Index,
        length in 0usize..12,
        piece in prop::collection::vec(prop_oneof![0u8..4, any::<u8>()], 0..12),
    ) {
        let samples = samples();
        let (name, decoder, bytes) = sample.get(&samples);
        let from = from.index(bytes.len() + 1);
        let to = (from + length).min(bytes.len());
        check(decoder, &[&bytes[..from], &piece, &bytes[to..]].concat(), name);
    }

    #[test]
    fn a_payload_that_is_accepted_can_be_shown(bytes in prop::collection::vec(prop_oneof![0u8..12, any::<u8>()], 0..80)) {
        if let Ok(payload) = Payload::from_bytes(&bytes) {
            prop_assert!(json::of_fields(&payload.fields).is_object());
            prop_assert!(payload.within_limits());
        }
    }

    #[test]
    fn any_key_and_any_signature_are_refused(key: [u8; 32], low: [u8; 32], high: [u8; 32]) {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&low);
        signature[32..].copy_from_slice(&high);
        let signature = vault_wire::signature::Signature(signature);
        prop_assert!(PublicKey(key).verify("label", b"text", &signature).is_err());
    }
}

#[test]
fn every_sample_is_accepted_as_it_stands() {
    for (name, decoder, bytes) in samples() {
        assert_eq!((decoder.round_trip)(&bytes), Some(bytes), "{name}");
    }
}

#[test]
fn every_changed_byte_is_refused_or_is_something_else_with_one_encoding() {
    for (name, decoder, bytes) in samples() {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            for turned in decoder.turned {
                let byte = bytes[at] ^ turned;
                changed[at] = byte;
                check(
                    decoder,
                    &changed,
                    format_args!("{name} with byte {at} changed to {byte:#04x}"),
                );
            }
        }
    }
}

#[test]
fn every_sample_cut_short_or_made_longer_is_refused() {
    for (name, decoder, bytes) in samples() {
        for length in 0..bytes.len() {
            let read = (decoder.round_trip)(&bytes[..length]);
            assert_eq!(read, None, "{name} cut to {length} bytes");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!((decoder.round_trip)(&longer), None, "{name} with a byte to spare");
    }
}

/// What a decoder may hold at once for so many bytes. A map of one name is the worst: five bytes
/// become a node of about a kilobyte.
const fn allowed(bytes: usize) -> usize {
    256 * bytes + (4 << 10)
}

#[test]
fn an_announced_length_sets_nothing_aside() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    for (name, decoder, bytes) in samples() {
        for at in 0..bytes.len() {
            let hostile = [&bytes[..at], &huge, &bytes[at + 1..]].concat();
            let peak = peak_of(|| (decoder.round_trip)(&hostile));
            assert!(peak <= allowed(hostile.len()), "{name} at {at}: {peak} bytes");
        }
    }
}

#[test]
fn the_largest_and_worst_of_everything_stays_within_a_few_megabytes() {
    let payload = |value: &[u8], levels: usize| {
        let room = limits::PAYLOAD_BYTES_MAX - 64;
        let count = room / value.len();
        let mut bytes = vec![1, 1, b'a'];
        bytes.extend([10, 1].repeat(levels));
        bytes.extend([10]);
        bytes.extend(postcard::to_stdvec(&count).unwrap());
        bytes.extend(value.repeat(count));
        bytes
    };
    let null = payload(&[0], 0);
    let texts = payload(&[5, 0], 7);
    let lists = payload(&[10, 0], 0);
    let maps = payload(&[11, 1, 1, b'a', 0], 0);
    for (what, bytes) in [
        ("nulls", null),
        ("texts", texts),
        ("lists", lists),
        ("maps", maps),
    ] {
        let peak = peak_of(|| Payload::from_bytes(&bytes));
        assert!(peak <= 8 << 20, "{what}: {peak} bytes");
    }
    // A read receipt of as many empty field names as fit into its frame.
    let mut receipt = vec![0x86, 1, 2];
    receipt.extend([0; 16 + 1 + 16 + 16 + 1 + 1]);
    let room = limits::CONTROL_FRAME_BYTES_MAX - receipt.len() - 8;
    receipt.extend(postcard::to_stdvec(&room).unwrap());
    receipt.resize(receipt.len() + room + 1, 0);
    assert!(frame::decode(&receipt).is_ok());
    let peak = peak_of(|| frame::decode(&receipt));
    assert!(peak <= 8 << 20, "receipt: {peak} bytes");
}

#[test]
fn samples_take_little_more_memory_than_they_have_bytes() {
    for (name, decoder, bytes) in samples() {
        let peak = peak_of(|| (decoder.round_trip)(&bytes));
        assert!(peak <= allowed(bytes.len()), "{name}: {peak} bytes");
    }
}
