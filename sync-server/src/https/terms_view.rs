//! Terms and wording as JSON: the same shape in which they are asked for.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use vault_wire::{
    catalogue::Precision,
    json::hex,
    purpose::Purpose,
    request::{Notice, Required, Wording},
    terms::{DataLife, Delivery, Detail, Duration, Frequency, Terms},
};

/// Terms, without words.
pub(super) fn of_terms(terms: &Terms) -> Json {
    json!({
        "purpose": of_purpose(terms.purpose),
        "authorization_details": terms.details.iter().map(of_detail).collect::<Vec<_>>(),
        "duration": of_duration(terms.duration),
        "data_life": terms.data_life.map(of_data_life),
        "frequency": terms.frequency.map(of_frequency),
        "delivery": match terms.delivery {
            Delivery::Server => "server",
            Delivery::Sealed => "sealed",
        },
    })
}

/// The terms with the words in which they were asked for.
pub(super) fn of_request(terms: &Terms, required: &[Required], wording: &Wording) -> Json {
    let mut asked = of_terms(terms);
    for (at, detail) in terms.details.iter().enumerate() {
        let of_category = required.iter().find(|one| one.category == detail.category);
        asked["authorization_details"][at]["required_fields"] =
            json!(of_category.map_or(&[][..], |one| &one.fields));
    }
    asked["purpose"]["text"] = Json::from(wording.purpose_text.as_str());
    asked["purpose"]["benefit"] = Json::from(wording.benefit.as_str());
    asked["recipients"] = wording
        .recipients
        .iter()
        .map(|r| json!({ "name": r.name, "role": r.role, "country": r.country }))
        .collect();
    asked["storage_locations"] = json!(wording.storage_locations);
    asked["notice"] = json!(wording.notice.as_ref().map(of_notice));
    asked
}

/// How long the developer may keep what it read.
pub(super) fn of_data_life(life: DataLife) -> Json {
    json!({ "unit": "day", "value": life.days })
}

fn of_purpose(purpose: Purpose) -> Json {
    let (_, code, dpv) = Purpose::ALL[purpose as usize];
    json!({ "code": code, "dpv": dpv })
}

fn of_detail(detail: &Detail) -> Json {
    let coarse: BTreeMap<&str, &str> = detail
        .fields
        .iter()
        .filter(|(_, precision)| **precision != Precision::Exact)
        .map(|(path, precision)| (path.as_str(), precision.name()))
        .collect();
    json!({
        "type": "vault_data",
        "category": detail.category.name(),
        "actions": ["read"],
        "fields": detail.fields.keys().collect::<Vec<_>>(),
        "precision": coarse,
        "time_range": {
            "from": detail.time_range.from.map(|at| at.to_string()),
            "to": detail.time_range.to.map(|at| at.to_string()),
        },
        "view": Json::Null,
    })
}

fn of_duration(duration: Duration) -> Json {
    match duration {
        Duration::OneTime => json!({ "type": "one_time" }),
        Duration::TimeBound(at) => json!({ "type": "time_bound", "expires_at": at.to_string() }),
        Duration::UntilWithdrawn => json!({ "type": "until_withdrawn" }),
    }
}

fn of_frequency(frequency: Frequency) -> Json {
    json!({ "max_reads": frequency.max_reads, "per": frequency.per.name() })
}

fn of_notice(notice: &Notice) -> Json {
    json!({
        "url": notice.url,
        "version": notice.version,
        "language": notice.language,
        "sha256": notice.sha256.map(|digest| hex(&digest)),
    })
}
