//! Invariant I4: the server cannot consent, and nobody else can in the owner's place. Everything here
//! is well-formed and arrives over an authenticated connection; only the signatures are not what they
//! must be.

use harness::{Ask, Developer, Forger, World};
use vault_core::{
    Category::Receipts,
    GrantId, Precision, Timestamp,
    wire::{
        certificate::Role,
        frame::{DeliveredRequest, Refusal, Rejection, StatementOutcome, StatementRefusal},
        request::ConsentRequest,
        signature::SecretKey,
        statement::{Event, Statement},
        terms::Duration,
    },
};

struct Stage {
    world: World,
    developer: Developer,
    forger: Forger,
    subject: String,
    asked: DeliveredRequest,
}

/// A connected device of a linked vault, with one request delivered and not answered.
async fn stage(seed: u64) -> Stage {
    let mut world = World::new(seed).await;
    let developer = world.developer("Shop").await;
    let mut forger = Forger::enrolled(&mut world).await;
    let subject = forger.link(&developer).await;
    developer
        .ask(
            &Ask::for_fields(Receipts, &["brand"]).until(later(&world)),
            &subject,
        )
        .await;
    let asked = forger.asked().await;
    Stage {
        world,
        developer,
        forger,
        subject,
        asked,
    }
}

fn later(world: &World) -> Timestamp {
    world.clocks.time().plus_ms(30 * 86_400_000)
}

impl Stage {
    fn approval(&self) -> Statement {
        self.forger.approval(&self.asked, self.world.clocks.time())
    }

    fn stranger(&mut self) -> SecretKey {
        SecretKey::from_seed(&self.world.dice.bytes())
    }

    /// Nothing came of it; and the harness can tell, because the honest answer still works.
    async fn only_the_honest_answer_counts(mut self) {
        assert_eq!(self.developer.read(&self.subject, Receipts).await.status, 403);
        let honest = self.approval();
        assert_eq!(
            self.forger
                .push(honest.grant, 1, &[("brand", "Acme")])
                .await
                .rejected
                .len(),
            1
        );
        assert!(matches!(
            self.forger.say(&honest).await,
            StatementOutcome::Accepted(_)
        ));
        assert_eq!(
            self.forger
                .push(honest.grant, 1, &[("brand", "Acme")])
                .await
                .rejected,
            []
        );
        assert_eq!(self.developer.read(&self.subject, Receipts).await.status, 200);
    }
}

const BAD_SIGNATURE: StatementOutcome = StatementOutcome::Refused(StatementRefusal::BadSignature);
const UNKNOWN_REQUEST: StatementOutcome = StatementOutcome::Refused(StatementRefusal::UnknownRequest);

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_owner_did_not_certify_decides_nothing() {
    let mut stage = stage(80).await;
    let (stranger, statement, app) = (stage.stranger(), stage.approval(), stage.developer.app);
    let forger = &mut stage.forger;
    // The certificate is for another key.
    let outcome = forger
        .submit(statement.sign(&stranger), forger.certificate(app))
        .await;
    assert_eq!(outcome, BAD_SIGNATURE);
    // The stranger certifies itself.
    let own_word = vault_core::wire::certificate::Certificate::new(
        forger.vault,
        stranger.public(),
        Role::Consent(app),
        stage.world.clocks.time(),
    );
    let outcome = forger
        .submit(statement.sign(&stranger), own_word.sign(&stranger))
        .await;
    assert_eq!(outcome, BAD_SIGNATURE);
    // Keys that are certified, but for something else.
    let for_transport = forger.certified(&forger.transport, Role::Transport);
    let by_transport = statement.sign(&forger.transport);
    assert_eq!(forger.submit(by_transport, for_transport).await, BAD_SIGNATURE);
    let by_owner = statement.sign(&forger.owner);
    let outcome = forger.submit(by_owner, forger.certificate(app)).await;
    assert_eq!(
        outcome, BAD_SIGNATURE,
        "not even the owner key, uncertified for this"
    );
    let other_app = vault_core::AppId(stage.world.dice.bytes());
    let signed = statement.sign(&forger.consent);
    let outcome = forger.submit(signed, forger.certificate(other_app)).await;
    assert_eq!(outcome, BAD_SIGNATURE, "each application has its own key");
    stage.only_the_honest_answer_counts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vaults_owner_decides_nothing() {
    let mut stage = stage(81).await;
    let mut other = Forger::enrolled(&mut stage.world).await;
    let statement = other.approval(&stage.asked, stage.world.clocks.time());
    assert_eq!(other.say(&statement).await, UNKNOWN_REQUEST, "over its own line");
    let statement = stage.approval();
    let certificate = other.certificate(stage.developer.app);
    let signed = statement.sign(&other.consent);
    assert_eq!(
        stage.forger.submit(signed, certificate).await,
        BAD_SIGNATURE,
        "over the vault's line"
    );
    stage.only_the_honest_answer_counts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_other_bytes_than_those_that_were_asked_decides_nothing() {
    let mut stage = stage(82).await;
    let now = stage.world.clocks.time();
    let mut request = ConsentRequest::from_bytes(&stage.asked.bytes).unwrap();
    request.purpose_text = "Something else".to_owned();
    let other_words = DeliveredRequest {
        bytes: request.to_bytes(),
        ..stage.asked.clone()
    };
    let statement = stage.forger.approval(&other_words, now);
    assert_eq!(stage.forger.say(&statement).await, UNKNOWN_REQUEST);
    let wrong_nonce = DeliveredRequest {
        delivery_nonce: stage.world.dice.bytes(),
        ..stage.asked.clone()
    };
    let statement = stage.forger.approval(&wrong_nonce, now);
    let outcome = stage.forger.say(&statement).await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::NotDelivered));
    let mut other_grant = stage.approval();
    other_grant.grant = GrantId(stage.world.dice.bytes());
    assert!(matches!(
        stage.forger.say(&other_grant).await,
        StatementOutcome::Refused(_)
    ));
    let mut other_subject = stage.approval();
    other_subject.subject = vault_core::wire::id::SubjectId(stage.world.dice.bytes());
    assert_eq!(stage.forger.say(&other_subject).await, UNKNOWN_REQUEST);
    stage.only_the_honest_answer_counts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_answer_that_was_changed_on_the_way_decides_nothing() {
    let mut stage = stage(83).await;
    let (signed, app) = (stage.approval().sign(&stage.forger.consent), stage.developer.app);
    for _ in 0..64 {
        let mut changed = signed.clone();
        match stage.world.dice.below(3) {
            0 => {
                let at = stage.world.dice.below(changed.bytes.len());
                changed.bytes[at] ^= 1 << stage.world.dice.below(8);
            }
            1 => changed.signature.0[stage.world.dice.below(64)] ^= 1 << stage.world.dice.below(8),
            _ => changed.key.0[stage.world.dice.below(32)] ^= 1 << stage.world.dice.below(8),
        }
        let outcome = stage.forger.submit(changed, stage.forger.certificate(app)).await;
        let StatementOutcome::Refused(why) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(
            matches!(why, StatementRefusal::BadSignature | StatementRefusal::Malformed),
            "{why:?}"
        );
    }
    stage.only_the_honest_answer_counts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_allows_more_than_was_asked_decides_nothing() {
    let mut stage = stage(84).await;
    let now = stage.world.clocks.time();
    let asked = ConsentRequest::from_bytes(&stage.asked.bytes).unwrap().terms;
    let (mut wider, mut longer, mut unlimited) = (asked.clone(), asked.clone(), asked.clone());
    wider.details[0]
        .fields
        .insert("total_cost".to_owned(), Precision::Exact);
    longer.duration = Duration::TimeBound(later(&stage.world).plus_ms(1));
    unlimited.duration = Duration::UntilWithdrawn;
    let mut other_category = asked.clone();
    other_category.details[0].category = vault_core::Category::Cards;
    for terms in [wider, longer, unlimited, other_category] {
        let given = stage.forger.given(&stage.asked, terms);
        let statement = stage.forger.answer(&stage.asked, given, now);
        let outcome = stage.forger.say(&statement).await;
        assert_eq!(
            outcome,
            StatementOutcome::Refused(StatementRefusal::WiderThanAsked)
        );
    }
    stage.only_the_honest_answer_counts().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_push_what_the_owner_did_not_grant() {
    let mut stage = stage(85).await;
    let honest = stage.approval();
    assert!(matches!(
        stage.forger.say(&honest).await,
        StatementOutcome::Accepted(_)
    ));
    let too_much = stage
        .forger
        .push(
            honest.grant,
            1,
            &[("brand", "Acme"), ("payment_method", "card 4711")],
        )
        .await;
    assert_eq!(
        too_much.rejected.iter().map(|(_, why)| *why).collect::<Vec<_>>(),
        [Rejection::OutsideGrant]
    );
    let fits = stage.forger.push(honest.grant, 2, &[("brand", "Acme")]).await;
    assert_eq!(fits.rejected, [], "one bad entry does not block the next");
    let read = stage.developer.read(&stage.subject, Receipts).await;
    assert_eq!(read.records().len(), 1);
    assert!(!String::from_utf8_lossy(&read.bytes).contains("4711"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_follows_a_refusal_but_a_new_request() {
    let mut stage = stage(86).await;
    let now = stage.world.clocks.time();
    let refusal = stage.forger.answer(&stage.asked, Event::Refused, now);
    assert!(matches!(
        stage.forger.say(&refusal).await,
        StatementOutcome::Accepted(_)
    ));
    let outcome = stage.forger.say(&stage.approval()).await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::AlreadyClosed)
    );
    let resumed = Statement::following(
        &refusal,
        refusal.sign(&stage.forger.consent).digest(),
        Event::Resumed,
        now,
    );
    assert!(matches!(
        stage.forger.say(&resumed).await,
        StatementOutcome::Refused(_)
    ));
    assert_eq!(stage.developer.read(&stage.subject, Receipts).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_connects_in_the_name_of_another_vault() {
    let mut stage = stage(87).await;
    let mut other = Forger::enrolled(&mut stage.world).await;
    // A device of its own, with the other vault's id and either certificate.
    for certificate in [
        other.certified(&other.transport, Role::Transport),
        stage.forger.certified(&stage.forger.transport, Role::Transport),
    ] {
        let end = other.greets_as(stage.forger.vault, certificate).await;
        assert_eq!(end, harness::LineEnd::Refused(Refusal::BadCertificate));
    }
    stage.only_the_honest_answer_counts().await;
}
