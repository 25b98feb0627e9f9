//! What there is to ask for, for programs: categories with their fields and precisions, purposes,
//! scopes.

use axum::Json as JsonAnswer;
use serde_json::{Value as Json, json};
use vault_wire::{
    catalogue::{Category, Kind, Origin, Spec},
    purpose::Purpose,
};

use crate::service::scopes::Scopes;

/// What else than data a credential can be allowed here.
const SCOPES: [(&str, &str); 5] = [
    ("consent:request", "ask users for consent, and link them by code"),
    ("consent:read", "see what became of consent requests"),
    ("grants:read", "see grants"),
    ("data:*:read", "read every category, as far as users consented"),
    ("*", "everything"),
];

/// Every category.
pub(super) async fn categories() -> JsonAnswer<Json> {
    listing(Category::ALL.map(|category| of_category(category.spec())))
}

/// Every purpose.
pub(super) async fn purposes() -> JsonAnswer<Json> {
    listing(Purpose::ALL.map(|(_, code, dpv)| json!({ "code": code, "dpv": dpv })))
}

/// Every scope that an endpoint here asks for.
pub(super) async fn scopes() -> JsonAnswer<Json> {
    let of_category = |category: Category| {
        let about = format!("read {}, as far as users consented", category.spec().about);
        json!({ "scope": Scopes::for_reading(category), "about": about })
    };
    let others = SCOPES.map(|(scope, about)| json!({ "scope": scope, "about": about }));
    listing(others.into_iter().chain(Category::ALL.map(of_category)))
}

fn listing(items: impl IntoIterator<Item = impl Into<Json>>) -> JsonAnswer<Json> {
    let data: Vec<Json> = items.into_iter().map(Into::into).collect();
    JsonAnswer(json!({ "data": data, "has_more": false, "next_cursor": null }))
}

fn of_category(spec: &Spec) -> Json {
    let fields: Vec<Json> = spec
        .leaves()
        .map(|(path, kind)| of_field(spec, path, kind))
        .collect();
    json!({
        "category": spec.name,
        "path": format!("/api/v1/users/{{subject_id}}/{}", spec.path),
        "about": spec.about,
        "origin": match spec.origin {
            Origin::UserOwned => "user_owned",
            Origin::PlatformCollected => "platform_collected",
        },
        "sensitive": spec.sensitive,
        "time_field": spec.time_field,
        "fields": fields,
    })
}

fn of_field(spec: &Spec, path: &str, kind: Kind) -> Json {
    let about = spec
        .fields
        .iter()
        .find(|field| field.path == path)
        .map_or("when", |field| field.about);
    let precisions: Vec<_> = spec.precisions(path).iter().map(|p| p.name()).collect();
    let mut json =
        json!({ "field": path, "type": type_name(kind), "about": about, "precisions": precisions });
    if let Kind::Choice(words) = kind {
        json["values"] = json!(words);
    }
    json
}

const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Choice(_) => "choice",
        Kind::Integer => "integer",
        Kind::Decimal => "decimal",
        Kind::Float => "float",
        Kind::Currency => "currency",
        Kind::Country => "country",
        Kind::Latitude => "latitude",
        Kind::Longitude => "longitude",
        Kind::Time => "time",
        Kind::List => "list",
    }
}
