//! Mistakes that are built in, around the product and never within it, to prove that the simulation
//! would find them.

use vault_core::{
    GrantId,
    wire::frame::{EntriesAck, Event, Frame, encode},
};

use super::{deeds::SET_BACK, line::Line, server::Kept, world::World};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    /// None: everything must hold.
    Nothing,
    /// The server acknowledges what is not yet durable: its disk lies about every sync.
    AckBeforeCommit,
    /// A device counts a batch as held once it is sent: it gets an acknowledgement of a batch that was lost.
    CursorMovesOnSend,
    /// A device that was set back goes on with its old revisions: it is never told that it stands elsewhere,
    /// nor that they were used before.
    OldCopyGoesOn,
    /// The server forgets a withdrawal that it has acknowledged: everything that it keeps loses the last
    /// commits.
    WithdrawalIsLost,
    /// The server forgets a revocation that it has answered, in its data and in its ledger.
    RevocationIsLost,
    /// The server tells the owner of another read than stands in its log.
    ReadIsToldOtherwise,
}

impl World {
    /// What is planted in the server itself, each time that it starts.
    pub(crate) fn plant_in_the_server(&self) {
        if self.planted == Planted::AckBeforeCommit {
            self.machine.power().let_sync_lie();
        }
    }

    /// What a device says, on its way. Returns whether it is said at all.
    pub(crate) fn is_swallowed(&mut self, line: usize, frame: &Frame) -> bool {
        if self.planted == Planted::RevocationIsLost && matches!(frame, Frame::Revoke(_)) {
            self.before_revocation = Some(self.machine.copied());
        }
        let Frame::Entries(batch) = frame else {
            return false;
        };
        if self.planted != Planted::CursorMovesOnSend || !self.dice.percent(20) {
            return false;
        }
        let line = self.lines.get_mut(&line).expect("a line that is spoken on");
        if !line.awaits_nothing() {
            return false;
        }
        let forged = EntriesAck {
            grant: batch.grant,
            generation: batch.generation,
            number: batch.number,
            rejected: Vec::new(),
        };
        line.homeward.extend(encode(&Frame::EntriesAck(forged)));
        true
    }

    /// The planted mistake that a withdrawal is lost: everything that the server keeps is what it was
    /// before anybody withdrew.
    pub(crate) fn forget_if_planted(&mut self, grant: GrantId) {
        if self.planted != Planted::WithdrawalIsLost {
            return;
        }
        if let Some(copy) = self.server_copies.last().cloned() {
            self.note(format!("the withdrawal of {grant} is lost"));
            self.put_back(&copy.kept);
        }
    }

    /// The planted mistake that a revocation is lost: everything that the server keeps is what it was before.
    pub(crate) fn forget_revocation_if_planted(&mut self) {
        if let Some(kept) = self.before_revocation.take() {
            self.note("the revocation is lost".to_owned());
            self.put_back(&kept);
        }
    }

    fn put_back(&mut self, kept: &Kept) {
        self.reading.clear();
        self.machine.crash(&mut self.dice);
        self.machine.boot(kept, &mut self.dice);
        self.lines.values_mut().for_each(Line::hang_up);
        self.count(SET_BACK);
    }
}

impl Line {
    /// What the server says, as the device gets it.
    pub(crate) fn as_heard(planted: Planted, frame: &Frame) -> Vec<u8> {
        match frame {
            Frame::Welcome(welcome) if planted == Planted::OldCopyGoesOn => {
                let mut welcome = welcome.clone();
                welcome.standings.clear();
                encode(&Frame::Welcome(welcome))
            }
            Frame::EntriesAck(ack) if planted == Planted::OldCopyGoesOn => {
                let mut ack = ack.clone();
                ack.rejected.clear();
                encode(&Frame::EntriesAck(ack))
            }
            Frame::Notice(notice) if planted == Planted::ReadIsToldOtherwise => {
                let mut notice = notice.clone();
                if let Event::Read(receipt) = &mut notice.event {
                    receipt.records += 1;
                }
                encode(&Frame::Notice(notice))
            }
            frame => encode(frame),
        }
    }
}
