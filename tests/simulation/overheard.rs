//! What the simulation learns of what travels: every frame, in both directions, as it is said.

use vault_core::{
    GrantId, GrantState,
    wire::{
        frame::{EscrowKept, Frame, Rejection, StatementOutcome},
        statement::Event,
    },
};

use super::{line::Asked, promises::Sent, world::World};

impl World {
    /// A device says something, in a frame of so many bytes.
    pub(super) fn device_said(&mut self, number: usize, frame: Frame, bytes: usize) {
        let line = self.lines.get_mut(&number).expect("a line that is spoken on");
        match frame {
            Frame::Recover(recover) => line.recovers_with = Some(recover.key),
            Frame::Revoke(revocation) => {
                line.asks(Asked::Revoke, bytes);
                self.claims.revokes(&revocation, line.device);
                self.note(format!("  {number}: revokes every other device"));
            }
            Frame::Escrow(escrow) => {
                line.asks(Asked::Escrow, bytes);
                let sealed = self.claims.escrows(&escrow);
                line.escrow = Some(escrow);
                self.note(format!("  {number}: escrow {sealed}"));
            }
            Frame::Hello(hello) => {
                line.asks(Asked::Hello, bytes);
                line.sent = Some(Sent::default());
                self.promises.named(&hello.grants);
                line.positions = hello.grants;
                line.ended = hello.ended;
            }
            Frame::Entries(batch) => {
                line.asks(Asked::Batch(batch.number), bytes);
                let device = line.device;
                self.check_it_may_send(device, batch.grant);
                let line = self.lines.get_mut(&number).expect("a line that is spoken on");
                self.log.push(format!(
                    "  {number}: batch {} with {} entries of {}",
                    batch.number,
                    batch.entries.len(),
                    batch.grant,
                ));
                self.promises
                    .sent(line.sent.as_mut().expect("HELLO comes first"), batch);
                self.count("batch sent");
            }
            Frame::Reconcile(asked) => {
                self.machine.may_compare();
                let owner = line.owner;
                self.note(format!("  {number}: compares {}", asked.grant));
                // While a grant is paused, or over by the clock of this device, nothing comes of it.
                let is_at_rest = self.is_at_rest(owner, asked.grant);
                self.count(if is_at_rest {
                    "idle comparison"
                } else {
                    "comparison"
                });
            }
            Frame::Statement(said) => {
                let statement = said.statement.verify().expect("a vault signs what it says");
                line.asks(Asked::Statement(statement.grant, statement.number), bytes);
                if matches!(statement.event, Event::Given(_)) && self.stays == Some(line.device) {
                    self.let_go_on.insert(statement.grant);
                }
                line.stated
                    .insert((statement.grant, statement.number), statement.event.clone());
                self.promises
                    .stated(statement.grant, statement.number, &statement.event);
                self.note(format!(
                    "  {number}: {} of {}",
                    kind(&statement.event),
                    statement.grant
                ));
                self.count(&format!("says {}", kind(&statement.event)));
            }
            _ => {}
        }
    }

    /// The server says something.
    pub(super) fn server_said(&mut self, number: usize, frame: &Frame) {
        let answers = match frame {
            Frame::Welcome(_) => Some(Asked::Hello),
            Frame::EntriesAck(ack) => Some(Asked::Batch(ack.number)),
            Frame::StatementAck(ack) => Some(Asked::Statement(ack.grant, ack.number)),
            Frame::EscrowKept(_) => Some(Asked::Escrow),
            Frame::Revoked(_) => Some(Asked::Revoke),
            _ => None,
        };
        if let Some(asked) = answers {
            self.check_it_may_answer(number, asked);
        }
        let line = self.lines.get_mut(&number).expect("a line that is spoken on");
        match frame {
            Frame::Revoked(revoked) => {
                let stays = line.device;
                self.note(format!("  {number}: every other device is revoked"));
                self.count("revocation");
                self.alone_speaks(revoked.number, stays);
                self.forget_revocation_if_planted();
            }
            Frame::EscrowKept(answer) => {
                let sent = line.escrow.take();
                let EscrowKept { number: of, kept } = answer;
                self.log.push(format!("  {number}: escrow {of}, kept: {kept}"));
                if let Some(escrow) = sent.filter(|_| *kept) {
                    self.speakers.kept(&escrow);
                }
                self.count("escrow answered");
            }
            Frame::Welcome(welcome) => {
                let (positions, ended) = (
                    std::mem::take(&mut line.positions),
                    std::mem::take(&mut line.ended),
                );
                self.log
                    .push(format!("  {number}: welcome {:?}", welcome.standings));
                let kept = self.promises.welcomed(&positions, &welcome.standings);
                self.count("session");
                self.hold(kept);
                let kept = self.promises.ended(&ended, &welcome.standings);
                self.hold(kept);
            }
            Frame::EntriesAck(ack) => {
                self.log.push(format!(
                    "  {number}: acknowledges batch {} of {}, rejects {:?}",
                    ack.number, ack.grant, ack.rejected
                ));
                let sent = line.sent.as_mut().expect("HELLO comes first");
                let kept = self.promises.acknowledged(sent, ack);
                self.count("batch acknowledged");
                for (_, why) in &ack.rejected {
                    let why = match why {
                        Rejection::Stale(_) => "Stale".to_owned(),
                        other => format!("{other:?}"),
                    };
                    self.count(&format!("entry rejected: {why}"));
                }
                self.hold(kept);
            }
            Frame::StatementAck(ack) => {
                self.log.push(format!(
                    "  {number}: statement {} of {}: {:?}",
                    ack.number,
                    ack.grant,
                    named(&ack.outcome)
                ));
                let event = self.lines[&number].stated.get(&(ack.grant, ack.number)).cloned();
                self.promises.answered(ack, event.as_ref());
                self.count(&format!("statement {}", named(&ack.outcome)));
                if matches!(ack.outcome, StatementOutcome::Erased(_)) {
                    self.check_nobody_reads_on(ack.grant);
                    self.forget_if_planted(ack.grant);
                }
            }
            Frame::Kept(kept) => {
                let statement = kept
                    .statement
                    .verify()
                    .expect("the server keeps what a vault signed");
                self.promises
                    .shown(statement.grant, statement.number, &statement.event);
                self.count("statement of another copy");
            }
            Frame::Refused(refused) => {
                self.note(format!("  {number}: refused: {:?}", refused.refusal));
                self.count(&format!("refused: {:?}", refused.refusal));
                self.check_refusal(number, refused.refusal);
            }
            _ => {}
        }
    }

    fn is_at_rest(&self, owner: usize, grant: GrantId) -> bool {
        let grants = self.owners[owner].vault.grants().unwrap();
        grants
            .iter()
            .any(|known| known.id == grant && known.state != GrantState::Active)
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Given(_) => "given",
        Event::Refused => "refused by the owner",
        Event::Narrowed(_) => "narrowed",
        Event::Paused => "paused",
        Event::Resumed => "resumed",
        Event::Withdrawn => "withdrawn",
        Event::Renewed(_) => "renewed",
    }
}

fn named(outcome: &StatementOutcome) -> String {
    match outcome {
        StatementOutcome::Accepted(_) => "accepted".to_owned(),
        StatementOutcome::Erased(_) => "answered by erasure".to_owned(),
        StatementOutcome::Refused(why) => format!("not accepted: {why:?}"),
    }
}
