//! Every decoder of bytes from outside, as one thing: what it reads, written again. Whatever is accepted has one
//! encoding, so that the result is the input. Used by the fuzz targets and by the ordinary tests.

use vault_wire::{
    acceptance::SignedAcceptance,
    certificate::SignedCertificate,
    frame, labels,
    payload::Payload,
    receipt::SignedErasure,
    request::ConsentRequest,
    signature::{SecretKey, Signature},
    statement::SignedStatement,
};

/// A decoder: nothing if it refuses, else what it read, written again.
pub type Decoder = fn(&[u8]) -> Option<Vec<u8>>;

/// Every decoder by the name of its corpus.
pub const ALL: [(&str, Decoder); 7] = [
    ("frame", frame),
    ("payload", payload),
    ("request", request),
    ("statement", statement),
    ("certificate", certificate),
    ("erasure", erasure),
    ("acceptance", acceptance),
];

/// A frame, from its type on.
pub fn frame(bytes: &[u8]) -> Option<Vec<u8>> {
    let frame = frame::decode(bytes).ok()?;
    Some(frame::encode(&frame)[4..].to_vec())
}

/// The payload of an entry.
pub fn payload(bytes: &[u8]) -> Option<Vec<u8>> {
    Payload::from_bytes(bytes).ok().map(|payload| payload.to_bytes())
}

/// A consent request.
pub fn request(bytes: &[u8]) -> Option<Vec<u8>> {
    ConsentRequest::from_bytes(bytes)
        .ok()
        .map(|request| request.to_bytes())
}

/// A statement, under a signature that holds.
pub fn statement(bytes: &[u8]) -> Option<Vec<u8>> {
    let (bytes, signature) = signed(labels::STATEMENT, bytes);
    let signed = SignedStatement {
        bytes,
        key: key().public(),
        signature,
    };
    signed.verify().ok().map(|statement| statement.sign(&key()).bytes)
}

/// A certificate, under a signature that holds.
pub fn certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    let (bytes, signature) = signed(labels::CERTIFICATE, bytes);
    let certificate = SignedCertificate { bytes, signature }
        .verify(&key().public())
        .ok();
    certificate.map(|certificate| certificate.sign(&key()).bytes)
}

/// An erasure receipt, under a signature that holds.
pub fn erasure(bytes: &[u8]) -> Option<Vec<u8>> {
    let (bytes, signature) = signed(labels::ERASURE, bytes);
    let signed = SignedErasure {
        bytes,
        key: key().public(),
        signature,
        log_proof: Vec::new(),
    };
    let erasure = signed.verify(&key().public()).ok();
    erasure.map(|erasure| erasure.sign(&key()).bytes)
}

/// An acceptance, under a signature that holds.
pub fn acceptance(bytes: &[u8]) -> Option<Vec<u8>> {
    let (bytes, signature) = signed(labels::ACCEPTANCE, bytes);
    let signed = SignedAcceptance {
        bytes,
        key: key().public(),
        signature,
    };
    let acceptance = signed.verify(&key().public()).ok();
    acceptance.map(|acceptance| acceptance.sign(&key()).bytes)
}

fn signed(label: &str, bytes: &[u8]) -> (Vec<u8>, Signature) {
    (bytes.to_vec(), key().sign(label, bytes))
}

/// The owner key of the vectors, so that their certificates belong to its vault.
pub fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}
