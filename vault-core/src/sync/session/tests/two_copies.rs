//! Two copies of one vault that say what they like, in whatever order and with whatever losses.

use proptest::prelude::*;
use vault_wire::terms::Terms;

use super::{
    changes::{START, brands_of, put_dated, shared_dated, shown, since, sync},
    doubles::Server,
};
use crate::{
    consent::{GrantState, Selection, narrow, pause, renew, resume, withdraw},
    sync::session::Session,
};

/// What an owner may do with one of two copies.
#[derive(Clone, Debug)]
enum Step {
    Pause(bool),
    Resume(bool),
    Since(bool, i64),
    Until(bool, i64),
    Renew(bool),
    /// A new record.
    Put(bool, u8),
    Withdraw(bool),
    /// In a session that is open, or in one that then stays open.
    Sync(bool),
    /// A connection that is lost after so many frames of the device.
    Lose(bool, usize),
    /// A connection that is lost after so many frames of the server.
    Hear(bool, usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let copy = any::<bool>();
    prop_oneof![
        2 => copy.prop_map(Step::Pause),
        2 => copy.prop_map(Step::Resume),
        2 => (copy, 1i64..5).prop_map(|(copy, from)| Step::Since(copy, from)),
        1 => (copy, 1i64..5).prop_map(|(copy, day)| Step::Until(copy, day)),
        1 => copy.prop_map(Step::Renew),
        3 => (copy, any::<u8>()).prop_map(|(copy, name)| Step::Put(copy, name)),
        1 => copy.prop_map(Step::Withdraw),
        3 => copy.prop_map(Step::Sync),
        2 => (copy, 0usize..5).prop_map(|(copy, cut)| Step::Lose(copy, cut)),
        2 => (copy, 0usize..7).prop_map(|(copy, cut)| Step::Hear(copy, cut)),
    ]
}

/// Serves a session until it has heard so many frames, or neither side has more to say.
fn hear(mut session: Session, server: &mut Server, cut: usize) {
    let mut heard = 0;
    loop {
        let Some(frame) = session.next_frame().unwrap() else {
            match session.has_more_to_look_at() {
                true => continue,
                false => return,
            }
        };
        for answer in server.hear(frame) {
            if heard == cut {
                return;
            }
            heard += 1;
            session.receive(answer).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_copies_say_in_whatever_order_all_sides_end_alike(
        steps in proptest::collection::vec(any_step(), 1..16)
    ) {
        let (device, mut server, id) = shared_dated(31);
        let copies = [device.restored(), device];
        let mut open: [Option<Session>; 2] = [None, None];
        let go_on = |open: &mut [Option<Session>; 2], copy: bool| {
            let open = open[usize::from(copy)].take();
            let mut session = open.unwrap_or_else(|| copies[usize::from(copy)].session());
            session.wake();
            session
        };
        let mut narrowed: Vec<Terms> = Vec::new();
        let mut withdrawn = false;
        for step in &steps {
            let of = |copy: bool| &copies[usize::from(copy)];
            copies[0].clock.advance_ms(1);
            match step {
                Step::Pause(copy) => drop(pause(&of(*copy).store, id)),
                Step::Resume(copy) => drop(resume(&of(*copy).store, id)),
                Step::Since(copy, from) => {
                    let selection = since(of(*copy), id, *from);
                    if narrow(&of(*copy).store, id, &selection).is_ok() {
                        narrowed.push(selection.terms().clone());
                    }
                }
                Step::Until(copy, day) => {
                    let until = START.plus_ms(day * 86_400_000);
                    if let Ok(selection) = Selection::all_of(&shown(of(*copy), id)).until(until) {
                        drop(narrow(&of(*copy).store, id, &selection));
                    }
                }
                Step::Renew(copy) => drop(renew(&of(*copy).store, id, None)),
                Step::Put(copy, name) => put_dated(of(*copy), &format!("put {name:03}")),
                Step::Withdraw(copy) => withdrawn |= withdraw(&of(*copy).store, id).is_ok(),
                Step::Sync(copy) => {
                    let mut session = go_on(&mut open, *copy);
                    server.serve(&mut session, usize::MAX).unwrap();
                    open[usize::from(*copy)] = Some(session);
                }
                Step::Lose(copy, cut) => server.serve(&mut go_on(&mut open, *copy), *cut).unwrap(),
                Step::Hear(copy, cut) => hear(go_on(&mut open, *copy), &mut server, *cut),
            }
        }
        for _ in 0..3 {
            copies.iter().for_each(|copy| sync(copy, &mut server));
        }
        let [one, other] = [shown(&copies[0], id), shown(&copies[1], id)];
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(server.withdrawn, withdrawn);
        if withdrawn {
            prop_assert_eq!(one.state, GrantState::Erased);
            return Ok(());
        }
        prop_assert_eq!(&one.terms, &other.terms);
        prop_assert_eq!(&one.terms, &server.terms());
        prop_assert_eq!(one.state == GrantState::Paused, server.is_paused());
        if server.is_paused() {
            resume(&copies[1].store, id).unwrap();
            sync(&copies[1], &mut server);
        }
        prop_assert_eq!(server.brands(id), brands_of(&copies[1]));
        prop_assert!(!one.undelivered && !other.undelivered);
        for terms in &narrowed {
            let shows_no_more = server.terms().details.iter().all(|ours| {
                terms.detail(ours.category).is_some_and(|theirs| {
                    ours.time_range.within(&theirs.time_range)
                })
            });
            prop_assert!(shows_no_more, "a narrowing was lost: {:?}", terms);
        }
    }
}
