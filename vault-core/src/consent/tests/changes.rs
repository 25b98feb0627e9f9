//! Changing running grants: pause, narrow, renew, amendments, refused statements.

use vault_wire::{frame::StatementRefusal, limits::RECONFIRM_MS, request::Required};

use super::{super::*, *};

#[test]
fn a_paused_grant_exports_nothing_and_is_paused_once() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(grant, 1);
    pause(&fixture.store, grant).unwrap();
    assert!(!fixture.exports(grant));
    assert_eq!(fixture.statement(grant, 2).event, Said::Paused);
    assert!(matches!(
        pause(&fixture.store, grant),
        Err(Error::GrantStands(GrantState::Paused))
    ));
    resume(&fixture.store, grant).unwrap();
    assert!(
        fixture.exports(grant),
        "a resumed grant needs no new terms at the server"
    );
    assert!(matches!(
        resume(&fixture.store, grant),
        Err(Error::GrantStands(GrantState::Active))
    ));
    let (second, third) = (fixture.statement(grant, 2), fixture.statement(grant, 3));
    assert_eq!((second.number, third.number, third.event), (2, 3, Said::Resumed));
}

#[test]
fn a_paused_grant_can_be_withdrawn_and_one_that_is_over_changes_no_more() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    pause(&fixture.store, grant).unwrap();
    withdraw(&fixture.store, grant).unwrap();
    let all = Selection::all_of(&fixture.grant());
    for outcome in [
        pause(&fixture.store, grant),
        resume(&fixture.store, grant),
        narrow(&fixture.store, grant, &all),
        renew(&fixture.store, grant, None),
    ] {
        assert!(matches!(outcome, Err(Error::GrantOver)), "{outcome:?}");
    }
}

#[test]
fn narrowing_what_is_shown_begins_a_generation_that_waits_for_the_server() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(grant, 1);
    let fewer = Selection::all_of(&fixture.grant())
        .only_fields(Category::Receipts, &["brand"])
        .unwrap();
    assert_eq!(
        preview_narrowed(&fixture.store, grant, &fewer, 1)
            .unwrap()
            .records,
        5
    );
    narrow(&fixture.store, grant, &fewer).unwrap();
    let Said::Narrowed(extent) = fixture.statement(grant, 2).event else {
        panic!("not narrowed")
    };
    assert_eq!((extent.generation, &extent.terms), (2, fewer.terms()));
    assert!(!fixture.exports(grant), "the server still has the old terms");
    fixture.confirm(grant, 2);
    assert!(fixture.exports(grant));
    assert!(matches!(
        narrow(&fixture.store, grant, &fewer),
        Err(Error::InvalidSelection(_))
    ));
    let wider = Selection::everything(&fixture.request);
    assert!(narrow(&fixture.store, grant, &wider).is_err());
}

#[test]
fn a_renewal_goes_up_to_what_was_asked_and_no_further() {
    let fixture = fixture();
    let short = fixture.everything().until(NOW.plus_ms(10_000)).unwrap();
    let grant = approve(&fixture.store, ID, &short).unwrap();
    assert!(renew(&fixture.store, grant, Some(NOW.plus_ms(1_000_001))).is_err());
    assert!(renew(&fixture.store, grant, Some(NOW.plus_ms(9_999))).is_err());
    renew(&fixture.store, grant, Some(NOW.plus_ms(20_000))).unwrap();
    assert_eq!(fixture.grant().expires_at, Some(NOW.plus_ms(20_000)));
    renew(&fixture.store, grant, None).unwrap();
    assert_eq!(fixture.grant().expires_at, Some(NOW.plus_ms(1_000_000)));
    let Said::Renewed(extent) = fixture.statement(grant, 3).event else {
        panic!("not renewed")
    };
    assert_eq!(extent.generation, 1);
}

#[test]
fn a_grant_until_withdrawn_lapses_here_too_unless_it_is_renewed() {
    let mut request = asked();
    request.terms.duration = Duration::UntilWithdrawn;
    let fixture = fixture_of(request);
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(grant, 1);
    fixture.clock.advance_ms(RECONFIRM_MS - 1);
    assert_eq!(fixture.grant().state, GrantState::Active);
    renew(&fixture.store, grant, None).unwrap();
    fixture.clock.advance_ms(RECONFIRM_MS - 1);
    assert_eq!(fixture.grant().state, GrantState::Active);
    fixture.clock.advance_ms(1);
    assert_eq!(fixture.grant().state, GrantState::Expired);
    assert!(!fixture.exports(grant));
    assert!(matches!(
        renew(&fixture.store, grant, None),
        Err(Error::GrantOver)
    ));
}

#[test]
fn an_answer_without_what_is_required_is_refused_on_the_device() {
    let mut request = asked();
    request.required = vec![Required {
        category: Category::Receipts,
        fields: vec!["brand".into()],
    }];
    let fixture = fixture_of(request);
    let without = fixture
        .everything()
        .only_fields(Category::Receipts, &["total_cost"])
        .unwrap();
    assert!(matches!(
        approve(&fixture.store, ID, &without),
        Err(Error::RequiredField { field, .. }) if field == "brand"
    ));
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    narrow(&fixture.store, grant, &without).unwrap();
}

/// A second request, which would amend the grant that answers the first.
fn amending(fixture: &Fixture, change: impl FnOnce(&mut Terms)) -> ConsentRequest {
    let mut request = fixture.request.clone();
    request.id = RequestId([55; 16]);
    request.amends = Some(GrantId::of_request(&ConsentRequest::digest_of(
        &fixture.request.to_bytes(),
    )));
    change(&mut request.terms);
    request
}

#[test]
fn an_amendment_that_only_takes_away_is_applied_at_once_without_a_prompt() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    let request = amending(&fixture, |terms| {
        terms.details[0].fields.remove("total_cost");
    });
    deliver(&fixture.store, &Event::Request(delivered(&request)));
    let inbox = request_of(&fixture, request.id);
    assert_eq!(inbox.state, RequestState::Applied);
    assert_eq!(fixture.grant().terms, request.terms);
    assert!(
        matches!(fixture.statement(grant, 2).event, Said::Narrowed(extent) if extent.terms == request.terms)
    );
    assert!(matches!(
        approve(&fixture.store, request.id, &Selection::everything(&request)),
        Err(Error::RequestClosed(RequestState::Applied))
    ));
}

#[test]
fn a_wider_amendment_is_shown_as_what_it_changes_and_replaces_the_grant_once_the_server_has_it() {
    let fixture = fixture();
    let old = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(old, 1);
    let request = amending(&fixture, |terms| {
        terms.details[0].fields.remove("total_cost");
        terms.details[0]
            .fields
            .insert("payment_method".into(), Precision::Exact);
        terms.details[0]
            .fields
            .insert("purchased_at".into(), Precision::Month);
    });
    deliver(&fixture.store, &Event::Request(delivered(&request)));
    let inbox = request_of(&fixture, request.id);
    assert_eq!(inbox.state, RequestState::Pending);
    let amendment = inbox.amendment.unwrap();
    let field = |path: &str, from, to| Change::Field {
        category: Category::Receipts,
        path: path.into(),
        from,
        to,
    };
    assert!(!amendment.only_narrows());
    assert_eq!(
        amendment.wider,
        [field("payment_method", None, Some(Precision::Exact))]
    );
    assert_eq!(
        amendment.narrower,
        [
            field("purchased_at", Some(Precision::Day), Some(Precision::Month)),
            field("total_cost", Some(Precision::Exact), None),
        ]
    );
    let narrowed = amendment.narrowed.unwrap();
    assert!(narrowed.within(&fixture.grant().terms) && narrowed.within(&request.terms));

    let new = approve(&fixture.store, request.id, &Selection::everything(&request)).unwrap();
    assert!(
        fixture.exports(old),
        "until the server has the answer, the old grant goes on"
    );
    fixture.confirm(new, 1);
    let shown = |id| {
        let view = fixture.store.view().unwrap();
        grant(&view, id, fixture.store.now()).unwrap()
    };
    assert_eq!(
        (shown(old).state, shown(old).superseded_by),
        (GrantState::Superseded, Some(new))
    );
    assert!(fixture.exports(new) && !fixture.exports(old));
    assert!(matches!(withdraw(&fixture.store, old), Err(Error::GrantOver)));
}

#[test]
fn an_amendment_by_another_application_changes_nothing() {
    let fixture = fixture();
    approve(&fixture.store, ID, &fixture.everything()).unwrap();
    let mut request = amending(&fixture, |terms| {
        terms.details[0].fields.remove("total_cost");
    });
    request.app.id = AppId([44; 16]);
    deliver(&fixture.store, &Event::Request(delivered(&request)));
    let inbox = request_of(&fixture, request.id);
    assert_eq!((inbox.state, inbox.amendment), (RequestState::Pending, None));
    assert_eq!(fixture.grant().terms, fixture.request.terms);
}

#[test]
fn a_statement_that_the_server_refuses_is_undone_and_kept_with_the_reason() {
    let fixture = fixture();
    let grant = approve(&fixture.store, ID, &fixture.everything()).unwrap();
    fixture.confirm(grant, 1);
    let fewer = Selection::all_of(&fixture.grant())
        .only_fields(Category::Receipts, &["brand"])
        .unwrap();
    narrow(&fixture.store, grant, &fewer).unwrap();
    let refused = |transaction: &_| {
        not_accepted(
            &fixture.store,
            transaction,
            grant,
            2,
            StatementRefusal::BadGrantKey,
        )
    };
    fixture.store.update(refused).unwrap();
    assert_eq!(
        fixture.grant().terms,
        fixture.request.terms,
        "what the server has"
    );
    let view = fixture.store.view().unwrap();
    let told = refusals(&view, grant).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].why, StatementRefusal::BadGrantKey);
    assert!(
        fixture.exports(grant),
        "and goes on under the key that the server has"
    );
    assert!(pending_statements(&view).unwrap().is_empty());
    let receipts = receipts(&fixture.store, &view, grant).unwrap();
    assert_eq!(
        receipts
            .iter()
            .filter(|receipt| receipt.refused.is_some())
            .count(),
        1
    );
}

fn request_of(fixture: &Fixture, id: RequestId) -> InboxRequest {
    request(&fixture.store.view().unwrap(), id, fixture.store.now()).unwrap()
}
