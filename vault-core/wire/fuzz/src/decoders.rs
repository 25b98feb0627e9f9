//! Every decoder of bytes from outside, as one thing: what it reads, written again. Whatever is accepted has one
//! encoding, so that the result is the input. Used by the fuzz targets and by the ordinary tests.

use vault_wire::{
    acceptance::SignedAcceptance,
    certificate::SignedCertificate,
    frame::{self, Event},
    id::{GrantId, LogId, VaultId},
    labels,
    log::{Frontier, LogHead, LogProof, SignedHead, leaf},
    payload::Payload,
    receipt::SignedErasure,
    request::ConsentRequest,
    signature::{SecretKey, Signature},
    statement::SignedStatement,
    time::Timestamp,
};

/// A decoder: nothing if it refuses, else what it read, written again.
pub type Decoder = fn(&[u8]) -> Option<Vec<u8>>;

/// Every decoder by the name of its corpus.
pub const ALL: [(&str, Decoder); 8] = [
    ("frame", frame),
    ("payload", payload),
    ("request", request),
    ("statement", statement),
    ("certificate", certificate),
    ("erasure", erasure),
    ("acceptance", acceptance),
    ("log", log_head),
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

/// An erasure receipt, under a signature that holds, as all that there is in a log.
pub fn erasure(bytes: &[u8]) -> Option<Vec<u8>> {
    let grant = GrantId(*bytes.get(17..)?.first_chunk()?);
    let notice = Event::Erased {
        grant,
        receipt: vault_wire::digest(labels::ERASURE, bytes),
    };
    let (bytes, signature) = signed(labels::ERASURE, bytes);
    let signed = SignedErasure {
        bytes,
        key: key().public(),
        signature,
        log: alone_in_log(&notice),
    };
    let erasure = signed.verify(&key().public(), VAULT).ok();
    let again = erasure?.sign(&key(), |notice| {
        Ok::<_, std::convert::Infallible>(alone_in_log(notice))
    });
    again.ok().map(|again| again.bytes)
}

fn alone_in_log(notice: &Event) -> LogProof {
    let mut frontier = Frontier::default();
    frontier.push(leaf(notice));
    let head = LogHead::of(
        VAULT,
        LogId::first_of(VAULT),
        0,
        &frontier,
        Timestamp::from_unix_ms(1),
    );
    LogProof {
        head: head.sign(&key()),
        index: 0,
        path: Vec::new(),
    }
}

/// The head of a log, under a signature that holds.
pub fn log_head(bytes: &[u8]) -> Option<Vec<u8>> {
    let vault = VaultId(*bytes.get(1..)?.first_chunk()?);
    let (bytes, signature) = signed(labels::LOG_HEAD, bytes);
    let signed = SignedHead {
        bytes,
        key: key().public(),
        signature,
    };
    let head = signed.verify(&key().public(), vault).ok();
    head.map(|head| head.sign(&key()).bytes)
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

/// Whose log the erasures are in.
const VAULT: VaultId = VaultId([7; 16]);

/// The owner key of the vectors, so that their certificates belong to its vault.
pub fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}
