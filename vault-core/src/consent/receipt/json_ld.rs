//! A consent receipt as JSON-LD: the structure of ISO/IEC TS 27560 in terms of the W3C Data Privacy
//! Vocabulary (DPV 2). It is a rendering; what counts are the signed bytes, which it carries in `proof`.

use serde_json::{Map, Value as Json, json};
use vault_wire::{
    frame::StatementRefusal,
    json::hex,
    purpose::Purpose,
    receipt::SignedErasure,
    request::{AppIdentity, Notice, Recipient},
    statement::Event,
    terms::{Delivery, Detail, Duration, Frequency, Terms},
};

use super::Receipt;

/// The version of this rendering.
const SCHEMA: &str = "vault/consent-receipt/1";

impl Receipt {
    /// The receipt as JSON-LD, with everything that it takes to check it.
    pub fn to_json_ld(&self) -> Json {
        let statement = &self.statement;
        json!({
            "@context": {
                "dpv": "https://w3id.org/dpv#",
                "dct": "http://purl.org/dc/terms/",
                "vault": "urn:vault-sync:1#",
            },
            "@type": "dpv:ConsentReceipt",
            "@id": format!("urn:vault-sync:statement:{}", hex(&self.signed.digest())),
            "dct:conformsTo": ["ISO/IEC TS 27560:2023", SCHEMA],
            "header": self.header(),
            "dpv:hasDataSubject": { "dct:identifier": statement.subject.to_string() },
            "dpv:hasProcess": self.process(),
            "dpv:hasDataController": controller(&self.request.app),
            "event": self.event(),
            "proof": self.proof(),
        })
    }

    fn header(&self) -> Json {
        let statement = &self.statement;
        json!({
            "schema_version": SCHEMA,
            "receipt_id": hex(&self.signed.digest()),
            "record_id": statement.grant.to_string(),
            "number": statement.number,
            "previous_receipt": (statement.previous != [0; 32]).then(|| hex(&statement.previous)),
            "consent_request_id": self.request.id.to_string(),
            "amends": self.request.amends.map(|grant| grant.to_string()),
            "dct:created": statement.decided_at.to_string(),
            "dpv:hasJurisdiction": self.request.app.country,
            "dct:language": self.request.notice.as_ref().map(|notice| notice.language.as_str()),
        })
    }

    /// What may be done, by the terms that this statement sets; by those that were asked where it sets
    /// none.
    fn process(&self) -> Json {
        let (terms, whose) = match &self.statement.event {
            Event::Given(extent) | Event::Narrowed(extent) | Event::Renewed(extent) => {
                (&extent.terms, "granted")
            }
            Event::Refused | Event::Paused | Event::Resumed | Event::Withdrawn => {
                (&self.request.terms, "requested")
            }
        };
        let request = &self.request;
        json!({
            "terms": whose,
            "dpv:hasPurpose": purpose(terms.purpose, &request.purpose_text, &request.benefit),
            "dpv:hasLegalBasis": "dpv:Consent",
            "dpv:hasPersonalData": terms.details.iter().map(personal_data).collect::<Vec<_>>(),
            "dpv:hasDuration": duration(terms.duration),
            "dpv:hasFrequency": terms.frequency.map(frequency),
            "dpv:hasStorageCondition": storage(terms, &request.storage_locations),
            "dpv:hasRecipient": request.recipients.iter().map(recipient).collect::<Vec<_>>(),
            "dpv:hasNotice": request.notice.as_ref().map(notice),
            "dpv:hasTechnicalMeasure": match terms.delivery {
                Delivery::Server => "dpv:EncryptionAtRest",
                Delivery::Sealed => "dpv:EndToEndEncryption",
            },
            "dpv:hasConsentControl": { "dpv:WithdrawConsent": "at any time, in the vault, also offline" },
            "dpv:hasRight": ["dpv:RightToWithdrawConsent", "dpv:RightToErasure", "dpv:RightOfAccess"],
        })
    }

    fn event(&self) -> Json {
        let (name, status) = match &self.statement.event {
            Event::Given(_) => ("given", "dpv:ConsentGiven"),
            Event::Refused => ("refused", "dpv:ConsentRefused"),
            Event::Narrowed(_) => ("narrowed", "dpv:ConsentGiven"),
            Event::Paused => ("paused", "vault:ConsentPaused"),
            Event::Resumed => ("resumed", "dpv:ConsentGiven"),
            Event::Withdrawn => ("withdrawn", "dpv:ConsentWithdrawn"),
            Event::Renewed(_) => ("renewed", "dpv:RenewedConsentGiven"),
        };
        json!({
            "type": name,
            "dpv:hasConsentStatus": status,
            "dpv:isIndicatedAtTime": self.statement.decided_at.to_string(),
            "dpv:isIndicatedBy": self.statement.subject.to_string(),
            "dpv:hasIndicationMethod": "signed with the consent key of the data subject's vault",
            "request_digest": hex(&self.statement.request),
            "refused_by_server": self.refused.map(refusal),
        })
    }

    fn proof(&self) -> Json {
        json!({
            "vault": self.vault.to_string(),
            "owner_key": hex(&self.owner_key.0),
            "certificate": signed(&self.certificate.bytes, None, &self.certificate.signature.0),
            "statement": signed(&self.signed.bytes, Some(&self.signed.key.0), &self.signed.signature.0),
            "request": {
                "bytes": hex(&self.request_bytes),
                "signature": self.request_signature.map(|signature| hex(&signature.0)),
            },
            "acceptance": self
                .acceptance
                .as_ref()
                .map(|word| signed(&word.bytes, Some(&word.key.0), &word.signature.0)),
            "erasure": self.erasure.as_ref().map(erasure),
        })
    }
}

fn erasure(word: &SignedErasure) -> Json {
    let mut erasure = signed(&word.bytes, Some(&word.key.0), &word.signature.0);
    let head = &word.log.head;
    erasure["log"] = json!({
        "head": signed(&head.bytes, Some(&head.key.0), &head.signature.0),
        "leaf_index": word.log.index,
        "inclusion_path": word.log.path.iter().map(|hash| hex(hash)).collect::<Vec<_>>(),
    });
    erasure
}

fn signed(bytes: &[u8], key: Option<&[u8; 32]>, signature: &[u8; 64]) -> Json {
    let mut signed = Map::new();
    signed.insert("bytes".into(), hex(bytes).into());
    if let Some(key) = key {
        signed.insert("key".into(), hex(key).into());
    }
    signed.insert("signature".into(), hex(signature).into());
    signed.into()
}

fn controller(app: &AppIdentity) -> Json {
    json!({
        "dct:identifier": app.id.to_string(),
        "dpv:hasName": app.controller,
        "dpv:hasCountry": app.country,
        "application": app.display_name,
        "brand": app.brand_name,
        "website": app.website,
        "privacy_policy": app.privacy_policy_url,
        "dpv:hasContact": app.support_contact,
    })
}

fn purpose(purpose: Purpose, text: &str, benefit: &str) -> Json {
    let (_, code, term) = Purpose::ALL[purpose as usize];
    json!({ "@type": term, "code": code, "dct:description": text, "benefit": benefit })
}

fn personal_data(detail: &Detail) -> Json {
    let fields: Map<_, _> = detail
        .fields
        .iter()
        .map(|(path, precision)| (path.clone(), Json::from(precision.name())))
        .collect();
    json!({
        "category": detail.category.name(),
        "sensitive": detail.category.spec().sensitive,
        "fields": fields,
        "time_range": {
            "from": detail.time_range.from.map(|at| at.to_string()),
            "to": detail.time_range.to.map(|at| at.to_string()),
        },
    })
}

fn duration(duration: Duration) -> Json {
    match duration {
        Duration::OneTime => json!({ "type": "one_time" }),
        Duration::TimeBound(at) => json!({ "type": "time_bound", "expires_at": at.to_string() }),
        Duration::UntilWithdrawn => json!({ "type": "until_withdrawn" }),
    }
}

fn frequency(frequency: Frequency) -> Json {
    json!({ "max_reads": frequency.max_reads, "per": frequency.per.name() })
}

fn storage(terms: &Terms, locations: &[String]) -> Json {
    json!({
        "dpv:hasLocation": locations,
        "retention_days_after_read": terms.data_life.map(|life| life.days),
    })
}

fn recipient(recipient: &Recipient) -> Json {
    json!({ "dpv:hasName": recipient.name, "role": recipient.role, "dpv:hasCountry": recipient.country })
}

fn notice(notice: &Notice) -> Json {
    json!({
        "url": notice.url,
        "version": notice.version,
        "dct:language": notice.language,
        "sha256": notice.sha256.map(|digest| hex(&digest)),
    })
}

const fn refusal(why: StatementRefusal) -> &'static str {
    match why {
        StatementRefusal::Malformed => "malformed",
        StatementRefusal::BadSignature => "bad_signature",
        StatementRefusal::UnknownRequest => "unknown_request",
        StatementRefusal::WiderThanAsked => "wider_than_asked",
        StatementRefusal::DecidedTooLate => "decided_too_late",
        StatementRefusal::ArrivedTooLate => "arrived_too_late",
        StatementRefusal::NotDelivered => "not_delivered",
        StatementRefusal::AlreadyClosed => "already_closed",
        StatementRefusal::OutOfOrder => "out_of_order",
        StatementRefusal::Withdrawn => "withdrawn",
        StatementRefusal::BadGrantKey => "bad_grant_key",
        StatementRefusal::LacksRequired => "lacks_required",
    }
}
