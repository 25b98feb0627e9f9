//! The double's side of a chain of statements: compare and set, as the protocol demands it.

use std::convert::Infallible;

use vault_wire::{
    Digest,
    acceptance::Acceptance,
    frame::{
        DeliveredRequest, Event as Told, Frame, GrantPosition, Hello, KeptStatement, Standing,
        StatementOutcome, StatementRefusal, SubmitStatement,
    },
    grant_key::GrantKey,
    id::{ErasureId, GrantId},
    receipt::Erasure,
    signature::SecretKey,
    statement::{Event, Extent, Statement},
    terms::Terms,
    time::Timestamp,
};

use super::doubles::{Server, ack};

impl Server {
    /// Takes a statement as the service does.
    pub(super) fn take(&mut self, sent: SubmitStatement) -> Vec<Frame> {
        let said = sent.statement.verify().unwrap();
        let answer = |outcome| ack(said.grant, said.number, outcome);
        if said.event == Event::Withdrawn {
            return answer(self.erase(&sent, &said));
        }
        if self.withdrawn {
            return answer(StatementOutcome::Refused(StatementRefusal::Withdrawn));
        }
        let held = said.event.extent().and_then(|extent| self.opened(&sent, extent));
        if let Some(before) = self.chain.iter().find(|kept| kept.statement == sent.statement) {
            self.grant_key = self.grant_key.take().or(held);
            return answer(StatementOutcome::Accepted(before.acceptance.clone()));
        }
        let last = self.chain.last().map(|kept| kept.statement.digest());
        if said.number != self.number() + 1 || said.previous != last.unwrap_or_default() {
            let why = match said.number {
                1 => StatementRefusal::AlreadyClosed,
                _ => StatementRefusal::OutOfOrder,
            };
            let refused = answer(StatementOutcome::Refused(why));
            return self.kept_after(0).into_iter().chain(refused).collect();
        }
        let extent = said.event.extent();
        if let Some(extent) = extent.filter(|extent| extent.generation > self.generation) {
            self.grant_key = held;
            self.generation = extent.generation;
            self.held.clear();
        }
        let vault = sent.certificate.bytes[1..17].try_into().unwrap();
        let at = Timestamp::from_unix_ms(1);
        let (request, digest) = (said.request, sent.statement.digest());
        let vault = vault_wire::id::VaultId(vault);
        let acceptance = Acceptance::new(vault, request, digest, at, self.state).sign(&self.keys.0);
        self.chain.push(KeptStatement {
            statement: sent.statement,
            certificate: sent.certificate,
            acceptance: acceptance.clone(),
            request: match said.event {
                Event::Given(_) => self.asked(),
                _ => None,
            },
        });
        answer(StatementOutcome::Accepted(acceptance))
    }

    /// The key that came with an extent of the generation in force, or of a later one.
    fn opened(&self, sent: &SubmitStatement, extent: &Extent) -> Option<GrantKey> {
        let grant = sent.statement.verify().unwrap().grant;
        let sealed = sent
            .grant_key
            .as_ref()
            .filter(|_| extent.generation >= self.generation)?;
        let key = sealed.open(&self.keys.1, grant, extent.generation).unwrap();
        assert_eq!(
            key.commitment(grant, extent.generation),
            extent.key,
            "not the one it commits to"
        );
        Some(key)
    }

    fn erase(&mut self, sent: &SubmitStatement, said: &Statement) -> StatementOutcome {
        self.withdrawn = true;
        let erasure = Erasure::new(
            ErasureId([9; 16]),
            said.grant,
            sent.statement.digest(),
            self.held.len() as u64,
            1,
            said.decided_at,
            None,
            self.state,
        );
        self.held.clear();
        let key = SecretKey::from_seed(&self.keys.0.seed());
        let signed = erasure.sign(&key, |notice| Ok::<_, Infallible>(self.prove(notice)));
        StatementOutcome::Erased(signed.unwrap())
    }

    /// The request that the grant answers.
    fn asked(&self) -> Option<DeliveredRequest> {
        self.notices.iter().find_map(|notice| match notice {
            Told::Request(asked) => Some(asked.clone()),
            _ => None,
        })
    }

    /// The running grant, if the device did not name it.
    pub(super) fn unnamed(&self, hello: &Hello) -> Option<(GrantId, Standing)> {
        let grant = self.chain.first()?.statement.verify().unwrap().grant;
        let named = hello.grants.iter().any(|position| position.grant == grant);
        let is_unnamed = !named && !hello.ended.contains(&grant) && !self.withdrawn;
        is_unnamed.then(|| (grant, Standing::Behind(self.number())))
    }

    /// Whether a device's last statement is the last here.
    pub(super) fn is_last(&self, number: u64, digest: &Digest) -> bool {
        let last = self.chain.last().map(|kept| kept.statement.digest());
        number == self.number() && last.as_ref() == Some(digest)
    }

    /// Whether a device's last statement is one of those here.
    pub(super) fn has(&self, position: &GrantPosition) -> bool {
        self.chain
            .iter()
            .zip(1..)
            .any(|(kept, number)| number == position.statement && kept.statement.digest() == position.last)
    }

    pub(super) fn number(&self) -> u64 {
        self.chain.len() as u64
    }

    pub(super) fn kept_after(&self, number: u64) -> Vec<Frame> {
        let from = usize::try_from(number).unwrap_or(usize::MAX);
        let kept = self.chain.iter().skip(from).cloned();
        kept.map(|kept| Frame::Kept(Box::new(kept))).collect()
    }

    pub(super) fn said(&self) -> impl DoubleEndedIterator<Item = Event> {
        self.chain
            .iter()
            .map(|kept| kept.statement.verify().unwrap().event)
    }

    pub(super) fn is_paused(&self) -> bool {
        let last = self
            .said()
            .rfind(|event| matches!(event, Event::Paused | Event::Resumed));
        last == Some(Event::Paused)
    }

    /// The terms in force.
    pub(super) fn terms(&self) -> Terms {
        let last = self.said().rev().find_map(|event| event.extent().cloned());
        last.unwrap().terms
    }
}
