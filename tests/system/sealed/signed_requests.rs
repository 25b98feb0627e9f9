//! An application signs what it asks, after the helper has compared it with what was meant.

use serde_json::{Value, json};

use super::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_prepared_otherwise_than_asked_is_not_signed() {
    let stage = Stage::new(176).await;
    let ask = stage.ask();
    let (asked, key) = (ask.body(&stage.subject), &stage.keys.signing);
    let sign = |prepared: &[u8], asked: &Value| {
        vault_open::sign_request(prepared, asked.to_string().as_bytes(), key)
    };
    let prepared = stage.shop.prepare(&asked).await;
    let signed = sign(&prepared.bytes, &asked).unwrap();
    type Change = (&'static dyn Fn(&mut Value), &'static str);
    let spoil: [Change; 8] = [
        (
            &|a| a["purpose"]["text"] = json!("Something else"),
            "purpose.text",
        ),
        (&|a| a["purpose"]["code"] = json!("marketing"), "purpose.code"),
        (&|a| a["delivery"] = json!("server"), "delivery"),
        (
            &|a| a["authorization_details"][0]["fields"] = json!(["brand"]),
            "authorization_details",
        ),
        (
            &|a| a["authorization_details"][0]["category"] = json!("health"),
            "authorization_details",
        ),
        (&|a| a["duration"] = json!({ "type": "one_time" }), "duration"),
        (
            &|a| a["frequency"] = json!({ "max_reads": 1, "per": "day" }),
            "frequency",
        ),
        (&|a| a["storage_locations"] = json!(["EU"]), "storage_locations"),
    ];
    for (spoil, what) in spoil {
        let mut meant = asked.clone();
        spoil(&mut meant);
        let refused = sign(&prepared.bytes, &meant).unwrap_err();
        assert!(refused.to_string().contains(what), "{refused}");
    }
    // And a signed request is what it is: another body, another signature or no signature asks nothing.
    let other = stage.shop.prepare(&asked).await;
    let mut swapped = signed.clone();
    swapped["signed_request"]["request"] = other.json["request"].clone();
    let unsigned = asked.clone();
    for (body, code) in [(swapped, "invalid_signature"), (unsigned, "signature_required")] {
        let refused = stage.shop.ask_with(body).await;
        assert_eq!((refused.status, refused.text("code")), (400, code));
    }
    stage.device.sync().await;
    assert!(stage.device.pending().is_none(), "none of it reached the user");
    assert_eq!(stage.shop.ask_with(signed).await.status, 202);
}
