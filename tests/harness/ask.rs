//! What a developer asks a user for.

use serde_json::{Value, json};
use vault_core::{Category, GrantId, Timestamp};

/// A consent request, before it is sent.
#[derive(Clone, Debug)]
pub struct Ask {
    /// For which data.
    pub category: Category,
    /// For which fields of it.
    pub fields: Vec<String>,
    /// The code of the purpose.
    pub purpose: &'static str,
    /// When reading is to end; without it, until it is withdrawn.
    pub until: Option<Timestamp>,
    /// Who opens the records: `server` or `sealed`.
    pub delivery: &'static str,
    /// Of which time: from, and to before.
    pub time_range: (Option<Timestamp>, Option<Timestamp>),
    /// The running grant that it would change.
    pub amends: Option<GrantId>,
}

impl Ask {
    /// Asks for fields of a category, for recommendations, until withdrawn.
    pub fn for_fields(category: Category, fields: &[&str]) -> Self {
        Self {
            category,
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            purpose: "recommendations",
            until: None,
            delivery: "server",
            time_range: (None, None),
            amends: None,
        }
    }

    /// For another purpose.
    #[must_use]
    pub fn purpose(self, purpose: &'static str) -> Self {
        Self { purpose, ..self }
    }

    /// For records that only the application can open.
    #[must_use]
    pub fn sealed(self) -> Self {
        Self {
            delivery: "sealed",
            ..self
        }
    }

    /// Until a moment.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    /// To change a running grant.
    #[must_use]
    pub fn amending(self, grant: GrantId) -> Self {
        Self {
            amends: Some(grant),
            ..self
        }
    }

    /// The body of `POST /api/v1/request-consent`.
    pub fn body(&self, subject: &str) -> Value {
        let duration = match self.until {
            Some(until) => json!({ "type": "time_bound", "expires_at": until.to_string() }),
            None => json!({ "type": "until_withdrawn" }),
        };
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string());
        json!({
            "subject_id": subject,
            "purpose": { "code": self.purpose, "text": "Suit what we show", "benefit": "Fewer useless offers" },
            "authorization_details": [{
                "type": "vault_data",
                "category": self.category.name(),
                "actions": ["read"],
                "fields": self.fields,
                "time_range": { "from": moment(self.time_range.0), "to": moment(self.time_range.1) },
            }],
            "duration": duration,
            "delivery": self.delivery,
            "amends": self.amends.map(|grant| grant.to_string()),
        })
    }
}
