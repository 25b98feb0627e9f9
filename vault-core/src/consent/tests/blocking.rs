//! Applications that the owner does not want to hear of.

use vault_wire::frame::Closed;

use super::*;

fn state(fixture: &Fixture) -> Vec<RequestState> {
    let view = fixture.store.view().unwrap();
    let shown = requests(&view, fixture.store.now()).unwrap();
    shown.iter().map(|inbox| inbox.state).collect()
}

fn app(fixture: &Fixture) -> AppId {
    fixture.request.app.id
}

#[test]
fn what_a_blocked_application_asks_is_not_shown_and_cannot_be_answered() {
    let fixture = fixture();
    block(&fixture.store, app(&fixture)).unwrap();
    assert!(state(&fixture).is_empty());
    let all = Selection::everything(&fixture.request);
    assert!(matches!(
        approve(&fixture.store, ID, &all),
        Err(Error::AppBlocked)
    ));
    assert!(matches!(reject(&fixture.store, ID), Err(Error::AppBlocked)));
    let mut later = fixture.request.clone();
    later.id = RequestId([6; 16]);
    let asked = Event::Request(delivered(&later));
    deliver(&fixture.store, &asked);
    assert!(state(&fixture).is_empty());
    let view = fixture.store.view().unwrap();
    assert!(is_held_back(&view, &asked).unwrap());
    assert!(activities(&view, usize::MAX).unwrap().is_empty());
    assert!(
        pending_statements(&view).unwrap().is_empty(),
        "nothing waits to be told"
    );
}

#[test]
fn unblocking_shows_what_still_waits() {
    let fixture = fixture();
    block(&fixture.store, app(&fixture)).unwrap();
    unblock(&fixture.store, app(&fixture)).unwrap();
    assert_eq!(state(&fixture), [RequestState::Pending]);
    approve(&fixture.store, ID, &Selection::everything(&fixture.request)).unwrap();
}

#[test]
fn what_was_answered_before_stays_in_sight_and_grants_go_on() {
    let fixture = fixture();
    let all = Selection::everything(&fixture.request);
    let granted = approve(&fixture.store, ID, &all).unwrap();
    block(&fixture.store, app(&fixture)).unwrap();
    assert_eq!(state(&fixture), [RequestState::Approved]);
    let known = known_apps(&fixture.store.view().unwrap(), NOW).unwrap().remove(0);
    assert_eq!(known.blocked_since, Some(NOW));
    assert_eq!((known.running_grants, known.pending_requests), (1, 0));
    withdraw(&fixture.store, granted).unwrap();
}

#[test]
fn that_a_held_back_request_lapsed_is_held_back_too() {
    let fixture = fixture();
    block(&fixture.store, app(&fixture)).unwrap();
    let closed = Event::RequestClosed {
        request: ID,
        how: Closed::Expired,
    };
    deliver(&fixture.store, &closed);
    let view = fixture.store.view().unwrap();
    assert!(is_held_back(&view, &closed).unwrap());
    let unknown = Event::RequestClosed {
        request: RequestId([9; 16]),
        how: Closed::Expired,
    };
    assert!(!is_held_back(&view, &unknown).unwrap());
    assert!(state(&fixture).is_empty());
}

#[test]
fn only_an_application_that_was_met_can_be_blocked_and_only_a_blocked_one_unblocked() {
    let fixture = fixture();
    let stranger = AppId([9; 16]);
    assert!(matches!(block(&fixture.store, stranger), Err(Error::NotFound(_))));
    assert!(matches!(
        unblock(&fixture.store, app(&fixture)),
        Err(Error::NotFound(_))
    ));
    block(&fixture.store, app(&fixture)).unwrap();
    block(&fixture.store, app(&fixture)).unwrap();
    assert_eq!(known_apps(&fixture.store.view().unwrap(), NOW).unwrap().len(), 1);
}
