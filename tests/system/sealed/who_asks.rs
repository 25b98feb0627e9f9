//! Who asks is who they say: keys and name of an application come from its own domain, and not from the
//! server.

use harness::{Ask, Reply};
use sync_server::service::app_keys::{AppKeys, app_identity, set_app_keys, well_known_document};
use vault_core::{
    Category::Receipts,
    Contradiction, Error, Voucher,
    wire::{grant_key::SealingPublicKey, signature::PublicKey},
};
use vault_open::{KeyPair, open_answer};

use super::{DOMAIN, Stage, fields_of, registered, shown};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_to_an_application_that_only_the_server_vouches_for() {
    let stage = Stage::new(174).await;
    stage.asked().await;
    assert!(matches!(stage.voucher(), Voucher::NotAskedYet(domain) if domain.as_str() == DOMAIN));
    assert!(matches!(stage.approve(), Err(Error::NotVouchedFor)));
    stage.site.answers(Reply::Raw("HTTP/1.1 500 No\r\n\r\n".into()));
    stage.ask_domain();
    assert!(matches!(stage.approve(), Err(Error::NotVouchedFor)));
    let document = well_known_document(&app_identity(stage.world.server(), stage.shop.app).unwrap());
    stage.site.answers(Reply::Json(document));
    stage.ask_domain();
    assert!(matches!(stage.voucher(), Voucher::Domain { .. }));
    stage.approve().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_registers_its_own_keys_or_name_for_an_application_is_found_out() {
    let mut stage = Stage::new(175).await;
    let honest = stage.granted().await;
    let evil = KeyPair::from_bytes(stage.world.dice.bytes(), stage.world.dice.bytes());
    let registered_as = |signing: PublicKey, sealing: SealingPublicKey| AppKeys {
        signing,
        sealing: Some(sealing),
    };
    let other = Ask::for_fields(Receipts, &["brand", "payment_method"]).sealed();
    for (keys, expected) in [
        (registered(&evil), Contradiction::Keys),
        (
            registered_as(evil.signing.public(), stage.keys.sealing.public()),
            Contradiction::Keys,
        ),
    ] {
        set_app_keys(stage.world.server(), stage.shop.app, keys)
            .await
            .unwrap();
        let asked = stage.shop.ask_signed(&other, &stage.subject, &evil.signing).await;
        assert_eq!(asked.status, 202, "{}", asked.json);
        stage.device.sync().await;
        stage.ask_domain();
        assert_eq!(stage.voucher(), Voucher::Nobody(expected));
        assert!(matches!(stage.approve(), Err(Error::NotWhoItSays(found)) if found == expected));
        let refused = stage.device.pending().unwrap().request.id;
        stage.device.vault.reject(refused).unwrap();
        stage.device.sync().await;
        stage.world.clocks.advance_s(8 * 86_400);
    }
    let answer = stage.read().await;
    assert_eq!(
        answer.json["grant"]["id"],
        honest.to_string(),
        "the grant that runs is as it was"
    );
    let opened = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing));
    assert_eq!(fields_of(&opened.unwrap()), shown(&stage.device));
    assert!(open_answer(&answer.bytes, &[evil.sealing]).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_sees_and_changes_its_own_keys_only() {
    let stage = Stage::new(177).await;
    let path = format!("/api/v1/apps/{}", stage.shop.app);
    let call = harness::Call::get(path).bearer(&stage.shop.api_key);
    let app = stage.shop.call(call).await;
    assert_eq!(app.status, 200, "{}", app.json);
    assert_eq!(app.text("signing_key"), stage.keys.public().signing);
    let well_known = &app.json["well_known"];
    assert_eq!(
        well_known["publish_at"],
        format!("https://{DOMAIN}/.well-known/pv-app.json")
    );
    assert_eq!(
        well_known["document"]["apps"][0]["sealing_key"],
        app.json["sealing_key"]
    );
    let other = stage.world.developer("Bazaar").await;
    let path = format!("/api/v1/apps/{}", other.app);
    let foreign = stage
        .shop
        .call(harness::Call::get(path).bearer(&stage.shop.api_key))
        .await;
    assert_eq!((foreign.status, foreign.text("code")), (404, "not_found"));
}
