//! The numbers of variants. Lists of variants grow at their end only.

use serde::Serialize;
use vault_wire::{
    catalogue::{Category, Precision},
    frame::{Closed, Refusal, Rejection, Standing, StatementOutcome, StatementRefusal},
    purpose::Purpose,
    request::Vouched,
    terms::{Delivery, Duration, Period},
};

/// Each in turn begins with its number.
fn numbered<T: Serialize>(variants: &[T]) {
    for (number, variant) in variants.iter().enumerate() {
        let bytes = postcard::to_stdvec(variant).unwrap();
        assert_eq!(usize::from(bytes[0]), number);
    }
}

#[test]
fn categories_precisions_and_purposes_keep_their_numbers() {
    assert_eq!(
        Category::ALL.map(Category::name),
        [
            "receipts",
            "health",
            "cards",
            "app_usage",
            "locations",
            "browsing",
            "surveys",
            "button_events",
            "usage_metrics",
            "summaries"
        ]
    );
    numbered(&Category::ALL);
    let precisions = ["exact", "day", "month", "year", "100m", "1km", "10km", "100km"];
    numbered(&precisions.map(|name| name.parse::<Precision>().unwrap()));
    let purposes = [
        "personalisation",
        "recommendations",
        "expense_tracking",
        "loyalty",
        "marketing",
        "advertising",
        "analytics",
        "research",
        "wellness",
        "healthcare",
        "insurance",
        "credit_assessment",
        "fraud_prevention",
        "identity_verification",
        "customer_support",
        "service_provision",
        "location_services",
        "product_improvement",
        "accounting",
        "legal_compliance",
    ];
    numbered(&purposes.map(|code| Purpose::from_code(code).unwrap()));
}

#[test]
fn terms_and_requests_keep_their_numbers() {
    let end = crate::samples::NOON;
    numbered(&[
        Duration::OneTime,
        Duration::TimeBound(end),
        Duration::UntilWithdrawn,
    ]);
    numbered(&[Period::Hour, Period::Day, Period::Week, Period::Month]);
    numbered(&[Delivery::Server, Delivery::Sealed]);
    numbered(&[Vouched::ByServer, Vouched::ByDomain]);
}

#[test]
fn answers_and_refusals_keep_their_numbers() {
    numbered(&[
        Standing::Reconcile,
        Standing::Unknown,
        Standing::StatementStale(0),
        Standing::Withdrawn,
        Standing::Expired,
        Standing::Superseded,
        Standing::Behind(0),
        Standing::KeyMissing,
    ]);
    numbered(&[
        StatementOutcome::Accepted(crate::samples::acceptance()),
        StatementOutcome::Erased(crate::samples::erasure()),
        StatementOutcome::Refused(StatementRefusal::Malformed),
    ]);
    numbered(&[
        StatementRefusal::Malformed,
        StatementRefusal::BadSignature,
        StatementRefusal::UnknownRequest,
        StatementRefusal::WiderThanAsked,
        StatementRefusal::DecidedTooLate,
        StatementRefusal::ArrivedTooLate,
        StatementRefusal::NotDelivered,
        StatementRefusal::AlreadyClosed,
        StatementRefusal::OutOfOrder,
        StatementRefusal::Withdrawn,
        StatementRefusal::BadGrantKey,
        StatementRefusal::LacksRequired,
    ]);
    numbered(&[
        Rejection::NotAuthentic,
        Rejection::OutsideGrant,
        Rejection::TooLarge,
        Rejection::Stale(0),
        Rejection::GrantOver,
    ]);
    numbered(&[Closed::Cancelled, Closed::Expired, Closed::Superseded]);
    numbered(&[
        Refusal::NotEnrolled,
        Refusal::InviteRequired,
        Refusal::BadCertificate,
        Refusal::BadFrame,
        Refusal::TakenOver,
        Refusal::Unavailable,
        Refusal::NothingToRecover,
        Refusal::Revoked,
    ]);
}
