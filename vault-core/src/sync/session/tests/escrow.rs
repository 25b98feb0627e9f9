//! The escrow of a vault, as a server answers it: sent once, sent again when it was lost, and never against
//! a later one of another copy.

use vault_file::{NewSlot, RecoveryCode};
use vault_wire::{
    frame::{EscrowKept, Frame},
    recovery::Escrow,
};

use super::doubles::{Device, Server};
use crate::{
    store::recovery_secret,
    sync::{EscrowState, SyncError, escrow},
};

impl Device {
    fn add_code(&self) -> RecoveryCode {
        let code = RecoveryCode::generate(&self.store.host.entropy()).unwrap();
        let slot = NewSlot::Recovery {
            code: &code,
            identity: [0; 32],
        };
        let slot = self.store.file().add_slot(slot).unwrap();
        escrow::add_code(&self.store, slot, &recovery_secret(&code)).unwrap();
        code
    }

    fn escrow_state(&self) -> EscrowState {
        escrow::state(&self.store, &self.store.view().unwrap()).unwrap()
    }

    /// The escrow that is sent to a server that keeps one of this number.
    fn sends(&self, held: u64) -> Option<Escrow> {
        let signed = escrow::due(&self.store, held).unwrap();
        signed.map(|signed| signed.verify().unwrap())
    }

    fn hears(&self, number: u64, kept: bool) -> Option<u64> {
        let again = escrow::answered(&self.store, number, kept).unwrap();
        again.map(|again| again.verify().unwrap().number)
    }
}

#[test]
fn a_vault_without_a_code_sends_nothing() {
    let device = Device::new(30);
    assert_eq!(device.sends(0), None);
    assert_eq!(device.escrow_state(), EscrowState::NoCode);
}

#[test]
fn an_escrow_is_sent_until_it_is_kept_the_same_each_time_and_again_when_it_was_lost() {
    let device = Device::new(31);
    device.add_code();
    let first = device.sends(0).unwrap();
    assert_eq!((first.number, first.holders.len()), (1, 1));
    assert_eq!(device.sends(0), Some(first.clone()), "its answer was lost");
    assert_eq!(device.escrow_state(), EscrowState::Waiting);
    assert_eq!(device.hears(1, true), None);
    assert_eq!(device.escrow_state(), EscrowState::Kept);
    assert_eq!(device.sends(1), None);
    assert_eq!(device.sends(0), Some(first), "the server's data was set back");
}

#[test]
fn another_code_and_one_that_is_gone_make_a_new_escrow() {
    let device = Device::new(32);
    let old = device.add_code();
    device.sends(0);
    device.hears(1, true);
    let new = device.add_code();
    assert_eq!(device.escrow_state(), EscrowState::Waiting);
    let both = device.sends(1).unwrap();
    assert_eq!((both.number, both.holders.len()), (2, 2));
    device.hears(2, true);
    let slots = device.store.file().slots();
    let old_slot = slots.iter().rev().nth(1).unwrap().id;
    device.store.file().remove_slot(old_slot).unwrap();
    let one = device.sends(2).unwrap();
    assert_eq!(one.number, 3);
    assert!(one.holder(&recovery_secret(&new).key()).is_some());
    assert!(one.holder(&recovery_secret(&old).key()).is_none());
}

#[test]
fn a_copy_with_nothing_new_leaves_the_later_escrow_of_another_copy_alone() {
    let device = Device::new(33);
    device.add_code();
    device.sends(0);
    device.hears(1, true);
    assert_eq!(device.sends(5), None);
    assert_eq!(device.sends(0).unwrap().number, 1);
    assert_eq!(
        device.hears(5, false),
        None,
        "a code that another copy replaced does not come back"
    );
}

#[test]
fn a_copy_with_a_new_code_seals_above_the_other_copys() {
    let device = Device::new(34);
    device.add_code();
    assert_eq!(device.sends(4).unwrap().number, 5);
    assert_eq!(device.hears(5, false), Some(6), "taken meanwhile");
    assert_eq!(device.hears(6, true), None);
    assert_eq!(device.escrow_state(), EscrowState::Kept);
}

#[test]
fn a_session_sends_it_after_the_welcome_and_is_settled_once_it_is_answered() {
    let (device, mut server) = (Device::new(35), Server::new());
    device.add_code();
    let mut session = device.session();
    let mut sent = None;
    while let Some(frame) = session.next_frame().unwrap() {
        match frame {
            Frame::Escrow(escrow) => sent = Some(escrow.verify().unwrap().number),
            frame => {
                for answer in server.hear(frame) {
                    session.receive(answer).unwrap();
                }
            }
        }
    }
    assert_eq!(sent, Some(1));
    assert!(!session.is_settled());
    let kept = EscrowKept {
        number: 1,
        kept: true,
    };
    session.receive(Frame::EscrowKept(kept)).unwrap();
    assert!(session.is_settled());
    let refused = session.receive(Frame::EscrowKept(kept)).unwrap_err();
    assert!(matches!(
        refused,
        crate::error::Error::Sync(SyncError::Protocol(_))
    ));
}
