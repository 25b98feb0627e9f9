//! Grants of another device that a server tells of.

use vault_wire::{
    certificate::{Certificate, Role},
    frame::KeptStatement,
    id::RequestId,
    statement::Extent,
};

use super::*;

/// What was given elsewhere, as a server tells it: signed by a consent key that somebody certified.
fn kept(owner: &SecretKey, request: &ConsentRequest, event: Said, for_app: AppId) -> KeptStatement {
    let consent = SecretKey::from_seed(&[0x61; 32]);
    let digest = ConsentRequest::digest_of(&request.to_bytes());
    let said = Statement::answer(request.subject, request.app.id, digest, event, NOW, [7; 16]);
    let signed = said.sign(&consent);
    let vault = VaultId::of_owner(&owner.public().0);
    let acceptance = Acceptance::new(vault, digest, signed.digest(), NOW, StateId([0; 16]));
    KeptStatement {
        certificate: Certificate::new(vault, consent.public(), Role::Consent(for_app), NOW).sign(owner),
        acceptance: acceptance.sign(&SecretKey::from_seed(&[0x62; 32])),
        statement: signed,
    }
}

fn given(terms: &Terms) -> Said {
    let (terms, generation) = (terms.clone(), 3);
    Said::Given(Extent { terms, generation })
}

/// A request that this device never saw.
fn elsewhere() -> ConsentRequest {
    let mut request = asked();
    request.id = RequestId([8; 16]);
    request
}

fn owner(fixture: &Fixture) -> SecretKey {
    SecretKey::from_seed(&fixture.store.identity.secrets().owner)
}

fn take(fixture: &Fixture, request: &ConsentRequest, kept: &KeptStatement) -> bool {
    fixture
        .store
        .update(|transaction| take_up(&fixture.store, transaction, &delivered(request), kept))
        .unwrap()
}

#[test]
fn a_grant_given_elsewhere_is_seen_and_can_be_withdrawn_and_sends_nothing() {
    let (fixture, request) = (fixture(), elsewhere());
    let kept = kept(&owner(&fixture), &request, given(&request.terms), request.app.id);
    assert!(take(&fixture, &request, &kept));
    assert!(!take(&fixture, &request, &kept), "it is known now");
    let shown = fixture.grant();
    assert_eq!((shown.state, shown.keyless), (GrantState::Active, true));
    assert_eq!((shown.request, &shown.terms), (request.id, &request.terms));
    assert!(!fixture.exports(shown.id));
    let view = fixture.store.view().unwrap();
    assert!(pending_statements(&view).unwrap().is_empty());
    withdraw(&fixture.store, shown.id).unwrap();
    let withdrawn = fixture.statement(shown.id, 2);
    assert_eq!(withdrawn.event, Said::Withdrawn);
    assert_eq!(withdrawn.previous, kept.statement.digest());
}

#[test]
fn a_server_that_lost_it_is_given_a_key_that_seals_nothing_and_that_nobody_knows() {
    let (fixture, request) = (fixture(), elsewhere());
    let kept = kept(&owner(&fixture), &request, given(&request.terms), request.app.id);
    take(&fixture, &request, &kept);
    let (grant, server) = (fixture.grant().id, SealingSecretKey::from_seed(&[2; 32]));
    let view = fixture.store.view().unwrap();
    let key = || {
        let sent = submission(&fixture.store, &view, grant, 1, &server.public()).unwrap();
        assert_eq!(sent.statement, kept.statement);
        *sent
            .grant_key
            .unwrap()
            .open(&server, grant, 3)
            .unwrap()
            .as_bytes()
    };
    let (first, second) = (key(), key());
    assert!(first != [0; 32] && first != second);
}

#[test]
fn resuming_it_begins_a_generation_of_its_own() {
    let (fixture, request) = (fixture(), elsewhere());
    let kept = kept(&owner(&fixture), &request, given(&request.terms), request.app.id);
    take(&fixture, &request, &kept);
    let grant = fixture.grant().id;
    pause(&fixture.store, grant).unwrap();
    resume(&fixture.store, grant).unwrap();
    let Said::Narrowed(extent) = fixture.statement(grant, 3).event else {
        panic!("a generation of its own")
    };
    assert_eq!((&extent.terms, extent.generation), (&request.terms, 4));
    assert_eq!(fixture.statement(grant, 4).event, Said::Resumed);
    assert!(!fixture.grant().keyless);
    fixture.confirm(grant, 4);
    assert!(fixture.exports(grant));
}

#[test]
fn what_is_not_the_owners_answer_to_that_very_request_is_no_grant() {
    let (fixture, request) = (fixture(), elsewhere());
    let (owner, stranger) = (owner(&fixture), SecretKey::from_seed(&[0x63; 32]));
    let app = request.app.id;
    let everything = given(&request.terms);
    let mut narrower = request.clone();
    narrower.terms.details[0].fields.remove("brand");
    let cases = [
        (
            "another owner's",
            kept(&stranger, &request, everything.clone(), app),
        ),
        (
            "for another application",
            kept(&owner, &request, everything.clone(), AppId([9; 16])),
        ),
        ("a refusal", kept(&owner, &request, Said::Refused, app)),
        (
            "wider than asked",
            kept(&owner, &narrower, everything.clone(), app),
        ),
    ];
    for (why, kept) in &cases {
        let asked = if *why == "wider than asked" {
            &narrower
        } else {
            &request
        };
        assert!(!take(&fixture, asked, kept), "{why}");
    }
    let right = kept(&owner, &request, everything, app);
    assert!(!take(&fixture, &narrower, &right), "of another request");
    let view = fixture.store.view().unwrap();
    assert!(grants(&view, NOW).unwrap().is_empty());
}
