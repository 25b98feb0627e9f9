//! What the demo's developer asks for, and what the owner makes of it.

use serde_json::{Value, json};
use vault_core::{Category, Error, Precision, Selection, Vault};

/// A request for one category: the fields that are asked for, what the owner makes of them, and what the
/// owner leaves of that later.
pub(super) struct Ask {
    pub(super) category: Category,
    asked: &'static [&'static str],
    granted: Less,
    left: Less,
    purpose: &'static str,
    text: &'static str,
    benefit: &'static str,
}

/// Fewer fields, some of them coarser.
struct Less {
    fields: &'static [&'static str],
    coarser: &'static [(&'static str, Precision)],
}

const ASKS: [Ask; 3] = [
    Ask {
        category: Category::Receipts,
        asked: &[
            "brand",
            "purchase_category",
            "total_cost",
            "currency",
            "payment_method",
            "purchased_at",
        ],
        granted: Less {
            fields: &["brand", "purchase_category", "purchased_at"],
            coarser: &[("purchased_at", Precision::Month)],
        },
        left: Less {
            fields: &["brand"],
            coarser: &[],
        },
        purpose: "recommendations",
        text: "Recommend shops near those where you already buy",
        benefit: "Fewer offers, and ones that fit",
    },
    Ask {
        category: Category::Health,
        asked: &["metric", "value", "unit", "measured_at"],
        granted: Less {
            fields: &["metric", "measured_at"],
            coarser: &[("measured_at", Precision::Month)],
        },
        left: Less {
            fields: &["metric"],
            coarser: &[],
        },
        purpose: "wellness",
        text: "Suit training plans to what you measure",
        benefit: "A plan that fits your days",
    },
    Ask {
        category: Category::Locations,
        asked: &["lat", "lon", "altitude_m", "observed_at"],
        granted: Less {
            fields: &["lat", "lon"],
            coarser: &[("lat", Precision::Grid10km), ("lon", Precision::Grid10km)],
        },
        left: Less {
            fields: &["lat", "lon"],
            coarser: &[("lat", Precision::Grid100km), ("lon", Precision::Grid100km)],
        },
        purpose: "location_services",
        text: "Suggest walks in the regions where you walk",
        benefit: "New walks close to the ones you like",
    },
];

impl Ask {
    /// A request for the first of receipts, health and locations that the vault has records of.
    pub(super) fn for_vault(vault: &Vault) -> Result<Option<&'static Self>, Error> {
        let held = vault.status()?.records;
        Ok(ASKS.iter().find(|ask| {
            held.iter()
                .any(|(category, count)| *category == ask.category && *count > 0)
        }))
    }

    /// The body of `POST /api/v1/request-consent`.
    pub(super) fn body(&self, subject: &str, expires_at: &str) -> Value {
        json!({
            "subject_id": subject,
            "purpose": { "code": self.purpose, "text": self.text, "benefit": self.benefit },
            "authorization_details": [{
                "type": "vault_data", "category": self.category.name(), "actions": ["read"], "fields": self.asked,
            }],
            "duration": { "type": "time_bound", "expires_at": expires_at },
            "data_life": { "unit": "day", "value": 30 },
            "delivery": "server",
            "storage_locations": ["EU"],
            "binding_code": true,
        })
    }

    /// The owner's answer with `--yes`: fewer fields, and coarser.
    pub(super) fn narrowed(&self, everything: Selection) -> Result<Selection, Error> {
        self.granted.of(everything, self.category)
    }

    /// What the owner leaves of a grant later: fewer or coarser still.
    pub(super) fn left_of(&self, granted: Selection) -> Result<Selection, Error> {
        self.left.of(granted, self.category)
    }

    /// Where the developer reads.
    pub(super) fn path(&self, subject: &str) -> String {
        format!("/api/v1/users/{subject}/{}", self.category.spec().path)
    }

    /// The scope that the developer's session token needs.
    pub(super) fn scope(&self) -> String {
        format!("data:{}:read", self.category.name())
    }
}

/// The fields that a selection shows.
pub(super) fn fields_of(selection: &Selection) -> Vec<&str> {
    let details = selection.terms().details.iter();
    details
        .flat_map(|detail| detail.fields.keys())
        .map(String::as_str)
        .collect()
}

impl Less {
    fn of(&self, selection: Selection, category: Category) -> Result<Selection, Error> {
        let fewer = selection.only_fields(category, self.fields)?;
        self.coarser
            .iter()
            .try_fold(fewer, |selection, (path, precision)| {
                selection.at_precision(category, path, *precision)
            })
    }
}
