//! Checking a consent receipt offline, from nothing but its text.

use serde_json::Value as Json;
use vault_wire::{
    Digest,
    acceptance::SignedAcceptance,
    certificate::{Role, SignedCertificate},
    id::VaultId,
    labels,
    log::{LogProof, SignedHead},
    receipt::SignedErasure,
    request::ConsentRequest,
    signature::{PublicKey, Signature},
    statement::{Event, SignedStatement, Statement},
    time::Timestamp,
};

use super::Receipt;

/// Longest receipt that is looked at, in bytes of text.
pub const RECEIPT_TEXT_MAX: usize = 1 << 20;

/// A consent receipt that holds.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    /// What was said.
    pub statement: Statement,
    /// Its digest, which the receipt after it names.
    pub digest: Digest,
    /// What it is about.
    pub request: ConsentRequest,
    /// Whether the application signed the request with the key that the request names.
    pub signed_by_application: bool,
    /// The server key that says it is in force, and since when. Whether that key is the server's is for
    /// whoever knows the server to say.
    pub accepted: Option<(PublicKey, Timestamp)>,
    /// The server key that says everything was erased, and when.
    pub erased: Option<(PublicKey, Timestamp)>,
}

/// Why a consent receipt does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// It is not a receipt of this kind, or not whole.
    #[error("not a consent receipt: `proof.{0}` is missing or cannot be read")]
    Unreadable(&'static str),
    /// The key that signed may not speak for the vault and the application.
    #[error("the key that signed is not certified by the owner of the vault for this application")]
    NotCertified,
    /// The statement is not signed as it stands.
    #[error("the statement does not carry a signature that holds")]
    BadSignature,
    /// The request is not the one that the statement names.
    #[error("the consent request is not the one that was decided over")]
    OtherRequest,
    /// It allows more than was asked.
    #[error("the statement allows more than was asked")]
    WiderThanAsked,
    /// The server's word is about something else, or not signed.
    #[error("the server's word does not hold for this statement")]
    BadServerWord,
    /// The text says something else than what was signed.
    #[error("the text was changed: it does not say what was signed")]
    OtherText,
}

impl VerifiedReceipt {
    /// Checks a receipt: every signature, what it is about, and that its text says what was signed.
    ///
    /// # Errors
    /// [`InvalidReceipt`] says what does not hold.
    pub fn check(text: &Json) -> Result<Self, InvalidReceipt> {
        let proof = Proof(&text["proof"]);
        let receipt = proof.receipt()?;
        let statement = &receipt.statement;
        let certified = receipt
            .certificate
            .verify(&receipt.owner_key)
            .map_err(|_| InvalidReceipt::NotCertified)?;
        let may_speak = certified.key == receipt.signed.key
            && certified.vault == receipt.vault
            && certified.role == Role::Consent(statement.app);
        if !may_speak {
            return Err(InvalidReceipt::NotCertified);
        }
        let is_its_request = ConsentRequest::digest_of(&receipt.request_bytes) == statement.request
            && receipt.request.app.id == statement.app
            && receipt.request.subject == statement.subject;
        if !is_its_request {
            return Err(InvalidReceipt::OtherRequest);
        }
        if let Event::Given(extent) | Event::Narrowed(extent) | Event::Renewed(extent) = &statement.event
            && !extent.terms.within(&receipt.request.terms)
        {
            return Err(InvalidReceipt::WiderThanAsked);
        }
        let verified = Self {
            digest: receipt.signed.digest(),
            statement: statement.clone(),
            signed_by_application: signed_by_application(&receipt),
            accepted: accepted(&receipt)?,
            erased: erased(&receipt)?,
            request: receipt.request.clone(),
        };
        // Whatever else the text says must follow from what was signed; what the server refused is only
        // told.
        let mut told = text.clone();
        told["event"]["refused_by_server"] = Json::Null;
        match told == receipt.to_json_ld() {
            true => Ok(verified),
            false => Err(InvalidReceipt::OtherText),
        }
    }

    /// Whether this is the receipt right after another.
    pub fn follows(&self, before: &Self) -> bool {
        self.statement.grant == before.statement.grant && self.statement.previous == before.digest
    }
}

fn signed_by_application(receipt: &Receipt) -> bool {
    let key = receipt.request.app.signing_key.zip(receipt.request_signature);
    key.is_some_and(|(key, signature)| {
        key.verify(labels::REQUEST, &receipt.request_bytes, &signature)
            .is_ok()
    })
}

fn accepted(receipt: &Receipt) -> Result<Option<(PublicKey, Timestamp)>, InvalidReceipt> {
    let Some(signed) = &receipt.acceptance else {
        return Ok(None);
    };
    let word = signed
        .verify(&signed.key)
        .map_err(|_| InvalidReceipt::BadServerWord)?;
    let is_about_it = word.vault == receipt.vault
        && word.request == receipt.statement.request
        && word.statement == receipt.signed.digest();
    match is_about_it {
        true => Ok(Some((signed.key, word.accepted_at))),
        false => Err(InvalidReceipt::BadServerWord),
    }
}

fn erased(receipt: &Receipt) -> Result<Option<(PublicKey, Timestamp)>, InvalidReceipt> {
    let Some(signed) = &receipt.erasure else {
        return Ok(None);
    };
    let word = signed
        .verify(&signed.key, receipt.vault)
        .map_err(|_| InvalidReceipt::BadServerWord)?;
    match word.grant == receipt.statement.grant && receipt.statement.event == Event::Withdrawn {
        true => Ok(Some((signed.key, word.erased_at))),
        false => Err(InvalidReceipt::BadServerWord),
    }
}

/// The part of a receipt that counts.
struct Proof<'a>(&'a Json);

impl Proof<'_> {
    fn receipt(&self) -> Result<Receipt, InvalidReceipt> {
        let unreadable = |part| move || InvalidReceipt::Unreadable(part);
        let signed = SignedStatement {
            bytes: self.bytes("statement", "bytes")?,
            key: PublicKey(self.fixed("statement", "key")?),
            signature: Signature(self.fixed("statement", "signature")?),
        };
        let statement = signed.verify().map_err(|_| InvalidReceipt::BadSignature)?;
        let request_bytes = self.bytes("request", "bytes")?;
        let request =
            ConsentRequest::from_bytes(&request_bytes).map_err(|_| InvalidReceipt::Unreadable("request"))?;
        let vault: VaultId = self.0["vault"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .ok_or_else(unreadable("vault"))?;
        let owner_key = self.0["owner_key"].as_str().and_then(unhex);
        let owner_key = owner_key.and_then(|key| key.try_into().ok());
        let request_signature = match self.0["request"]["signature"].is_null() {
            true => None,
            false => Some(Signature(self.fixed("request", "signature")?)),
        };
        Ok(Receipt {
            vault,
            owner_key: PublicKey(owner_key.ok_or_else(unreadable("owner_key"))?),
            signed,
            statement,
            certificate: SignedCertificate {
                bytes: self.bytes("certificate", "bytes")?,
                signature: Signature(self.fixed("certificate", "signature")?),
            },
            request_bytes,
            request_signature,
            request,
            acceptance: self.acceptance()?,
            erasure: self.erasure()?,
            refused: None,
        })
    }

    fn acceptance(&self) -> Result<Option<SignedAcceptance>, InvalidReceipt> {
        const PART: &str = "acceptance";
        if self.0[PART].is_null() {
            return Ok(None);
        }
        Ok(Some(SignedAcceptance {
            bytes: self.bytes(PART, "bytes")?,
            key: PublicKey(self.fixed(PART, "key")?),
            signature: Signature(self.fixed(PART, "signature")?),
        }))
    }

    fn erasure(&self) -> Result<Option<SignedErasure>, InvalidReceipt> {
        const PART: &str = "erasure";
        if self.0[PART].is_null() {
            return Ok(None);
        }
        Ok(Some(SignedErasure {
            bytes: self.bytes(PART, "bytes")?,
            key: PublicKey(self.fixed(PART, "key")?),
            signature: Signature(self.fixed(PART, "signature")?),
            log: Proof(&self.0[PART]["log"]).inclusion()?,
        }))
    }

    fn inclusion(&self) -> Result<LogProof, InvalidReceipt> {
        const PART: &str = "head";
        let unreadable = || InvalidReceipt::Unreadable("erasure.log");
        let path = self.0["inclusion_path"].as_array().ok_or_else(unreadable)?;
        let path = path
            .iter()
            .map(|hash| hash.as_str().and_then(unhex)?.try_into().ok());
        Ok(LogProof {
            head: SignedHead {
                bytes: self.bytes(PART, "bytes")?,
                key: PublicKey(self.fixed(PART, "key")?),
                signature: Signature(self.fixed(PART, "signature")?),
            },
            index: self.0["leaf_index"].as_u64().ok_or_else(unreadable)?,
            path: path.collect::<Option<_>>().ok_or_else(unreadable)?,
        })
    }

    fn bytes(&self, part: &'static str, name: &str) -> Result<Vec<u8>, InvalidReceipt> {
        let text = self.0[part][name].as_str();
        text.and_then(unhex).ok_or(InvalidReceipt::Unreadable(part))
    }

    fn fixed<const N: usize>(&self, part: &'static str, name: &str) -> Result<[u8; N], InvalidReceipt> {
        let bytes = self.bytes(part, name)?;
        bytes.try_into().map_err(|_| InvalidReceipt::Unreadable(part))
    }
}

/// The bytes behind lower-case hexadecimal digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > RECEIPT_TEXT_MAX {
        return None;
    }
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    digits
        .chunks_exact(2)
        .map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?))
        .collect()
}
