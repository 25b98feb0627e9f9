//! What the server says of statements: its answers, and those that another copy of the vault made.

use vault_wire::{
    Digest,
    acceptance::SignedAcceptance,
    frame::{KeptStatement, StatementAck, StatementOutcome, StatementRefusal},
    id::GrantId,
    receipt::SignedErasure,
    signature::PublicKey,
    statement::SignedStatement,
};

use super::{Session, Until};
use crate::{
    consent::{
        Adopted, GrantState, accepted, adopt, caught_up, digest_of, ended, erased, grant_row, not_accepted,
        submission, withdrawn_elsewhere,
    },
    error::Error,
    sync::{
        SyncError, SyncEvent,
        lane::Lane,
        progress::{self, Progress},
    },
};

impl Session {
    pub(super) fn statement_ack(&mut self, ack: StatementAck) -> Result<(), Error> {
        let StatementAck {
            grant,
            number,
            outcome,
        } = ack;
        let Some(sent) = self.submitted.remove(&(grant, number)) else {
            return Err(SyncError::Protocol("it answered a statement that was not sent").into());
        };
        self.report.statements += 1;
        match outcome {
            StatementOutcome::Accepted(acceptance) => self.accepted(grant, number, &acceptance),
            StatementOutcome::Erased(receipt) => self.erased(grant, &receipt),
            StatementOutcome::Refused(why) => self.refused((grant, number), &sent, why),
        }?;
        match self.behind.get(&grant) {
            Some(Until::Answer) => self.caught_up(grant),
            _ => Ok(()),
        }
    }

    fn accepted(&mut self, grant: GrantId, number: u64, acceptance: &SignedAcceptance) -> Result<(), Error> {
        let store = self.store.clone();
        let said = self.sent(grant, number)?;
        self.check_acceptance(&said, acceptance)?;
        let superseded = store.update(|transaction| {
            let superseded = accepted(&store, transaction, grant, number, acceptance)?;
            if let Some(superseded) = superseded {
                progress::forget(transaction, superseded)?;
            }
            Ok(superseded)
        })?;
        if let Some(superseded) = superseded {
            self.lanes.remove(&superseded);
        }
        let by_others = self.shared.remove(&grant);
        self.open_lane(grant, by_others)?;
        self.events
            .push_back(SyncEvent::StatementAccepted { grant, number });
        Ok(())
    }

    fn erased(&mut self, grant: GrantId, receipt: &SignedErasure) -> Result<(), Error> {
        self.check_erasure(grant, receipt)?;
        self.lanes.remove(&grant);
        self.store.update(|transaction| {
            erased(transaction, grant, receipt)?;
            progress::forget(transaction, grant)
        })?;
        self.events.push_back(SyncEvent::Erased { grant });
        Ok(())
    }

    fn refused(
        &mut self,
        (grant, number): (GrantId, u64),
        sent: &Digest,
        why: StatementRefusal,
    ) -> Result<(), Error> {
        let store = self.store.clone();
        let view = store.view()?;
        let Some(row) = grant_row(&view, grant)? else {
            return Ok(());
        };
        if number <= row.acknowledged || number > row.statement || digest_of(&view, grant, number)? != *sent {
            // Another copy's statement of this number came first, and is taken over by now; or it fell with
            // one before it.
            return Ok(());
        }
        if row.is_withdrawn() && number < row.statement {
            // The withdrawal behind it needs nothing of it.
            return Ok(());
        }
        match why {
            // The next session's WELCOME says which statements it lacks.
            StatementRefusal::OutOfOrder => {
                return Err(SyncError::Protocol("a statement did not follow what it holds").into());
            }
            StatementRefusal::Withdrawn if row.state.is_running() => {
                self.lanes.remove(&grant);
                store.update(|transaction| withdrawn_elsewhere(&store, transaction, grant))?;
            }
            StatementRefusal::AlreadyClosed if number > 1 => {
                self.lanes.remove(&grant);
                store.update(|transaction| ended(&store, transaction, grant, GrantState::Expired))?;
            }
            _ => {
                if !self.refused.insert(grant) {
                    return Err(SyncError::Protocol("it accepts nothing about a grant").into());
                }
                store.update(|transaction| not_accepted(&store, transaction, grant, number, why))?;
            }
        }
        self.events.push_back(SyncEvent::StatementRefused { grant, why });
        Ok(())
    }

    /// A statement that this device did not name: another copy's, or one whose answer was lost.
    pub(super) fn statement_kept(&mut self, kept: &KeptStatement) -> Result<(), Error> {
        self.check_acceptance(&kept.statement, &kept.acceptance)?;
        let Ok(said) = kept.statement.verify() else {
            return Err(not_the_owners());
        };
        let (grant, number) = (said.grant, said.number);
        let store = self.store.clone();
        let (adopted, superseded) = store.update(|transaction| {
            let (adopted, superseded) = adopt(&store, transaction, kept)?;
            if let Some(superseded) = superseded {
                progress::forget(transaction, superseded)?;
            }
            Ok((adopted, superseded))
        })?;
        superseded.map(|superseded| self.lanes.remove(&superseded));
        match adopted {
            Adopted::NotOurs => return Err(not_the_owners()),
            Adopted::Known => {}
            Adopted::Taken { dropped } => {
                self.events
                    .push_back(SyncEvent::StatementTaken { grant, dropped });
            }
        }
        let awaits_answer = self.submitted.keys().any(|(about, _)| *about == grant);
        match self.behind.get(&grant) {
            Some(Until::Number(last)) if number < *last => Ok(()),
            // It belongs to a refusal, which comes behind all of them.
            None if awaits_answer => {
                self.behind.insert(grant, Until::Answer);
                Ok(())
            }
            Some(Until::Answer) => Ok(()),
            Some(Until::Number(_)) | None => self.caught_up(grant),
        }
    }

    /// All that the server had to tell of what another copy said is here.
    fn caught_up(&mut self, grant: GrantId) -> Result<(), Error> {
        self.behind.remove(&grant);
        let store = self.store.clone();
        store.update(|transaction| caught_up(&store, transaction, grant))?;
        // Whoever brought these statements to the server may have brought entries too.
        self.open_lane(grant, true)
    }

    fn sent(&self, grant: GrantId, number: u64) -> Result<SignedStatement, Error> {
        let keys = self.keys()?;
        let sent = submission(&self.store, &self.store.view()?, grant, number, &keys.sealing)?;
        Ok(sent.statement)
    }

    /// An acceptance counts only if the pinned server gave it, for this vault and this very statement.
    fn check_acceptance(
        &self,
        statement: &SignedStatement,
        acceptance: &SignedAcceptance,
    ) -> Result<(), Error> {
        let receipts: PublicKey = self.keys()?.receipts;
        let word = acceptance
            .verify(&receipts)
            .map_err(|_| SyncError::BadAcceptance)?;
        let said = statement.verify().map_err(|_| SyncError::BadAcceptance)?;
        let holds = word.vault == self.store.identity.vault()
            && word.statement == statement.digest()
            && word.request == said.request;
        holds.then_some(()).ok_or(SyncError::BadAcceptance.into())
    }

    /// A receipt counts only if the pinned server signed it for this grant. The withdrawal that it names
    /// is this one's, or an earlier one of another copy.
    fn check_erasure(&self, grant: GrantId, receipt: &SignedErasure) -> Result<(), Error> {
        let erasure = receipt
            .verify(&self.keys()?.receipts, self.store.identity.vault())
            .map_err(|_| SyncError::BadErasureReceipt)?;
        match erasure.grant == grant {
            true => Ok(()),
            false => Err(SyncError::BadErasureReceipt.into()),
        }
    }

    /// Lets the entries of a grant go on, if it is running and the server has its terms. What the server holds
    /// of it is compared if anybody else may have sent it, or this device thinks that it holds anything; but not
    /// before the server has the terms.
    fn open_lane(&mut self, grant: GrantId, by_others: bool) -> Result<(), Error> {
        let view = self.store.view()?;
        let Some(row) = grant_row(&view, grant)?.filter(|row| row.state.is_running() && !row.keyless) else {
            return Ok(());
        };
        if self.behind.contains_key(&grant) {
            return Ok(());
        }
        let generation = row.extent.generation;
        let is_in_force = row.acknowledged >= row.extent_number;
        match self.lanes.get_mut(&grant) {
            Some(lane) if lane.generation() == generation => lane.wake(),
            _ if by_others && !is_in_force => {
                self.shared.insert(grant);
            }
            _ => {
                let held = Progress::load(&view, grant, generation)?.held;
                let compare = held.count > 0 || by_others;
                let lane = Lane::open(&view, grant, generation, compare)?;
                self.lanes.insert(grant, lane);
            }
        }
        Ok(())
    }
}

fn not_the_owners() -> Error {
    SyncError::Protocol("it sent a statement that is not the owner's").into()
}
