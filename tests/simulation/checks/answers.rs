//! What must hold of every answer: all of it was consented to, nothing that the server promised to hold is
//! missing, and none outlasts a withdrawal.

use std::collections::BTreeSet;

use sync_server::service::read::{Content, ReadAnswer};
use vault_core::{
    Category, GrantId,
    wire::{
        purpose::Purpose,
        terms::{Duration, Terms},
    },
};

use super::super::{
    content::{Shown, Version},
    promises::Promises,
    world::World,
};

impl World {
    /// Whatever is answered must be consented to, and all that the server promised to hold.
    pub(crate) fn check_answer(
        &self,
        before: &Promises,
        app: usize,
        category: Category,
        purpose: Purpose,
        answer: &ReadAnswer,
    ) {
        let Some(consent) = self.consents.get(&answer.grant) else {
            self.wrong(&format!("{} is served, and nobody agreed to it", answer.grant));
        };
        if consent.app != self.apps[app].caller.app || consent.terms[0].purpose != purpose {
            self.wrong(&format!(
                "{} is served to somebody else or for something else",
                answer.grant
            ));
        }
        if let Some(why) = before.forbids(answer.grant) {
            self.wrong(&format!("{} is served after {why}", answer.grant));
        }
        let is_over =
            |terms: &Terms| matches!(terms.duration, Duration::TimeBound(end) if end <= self.server_now());
        if consent.terms.iter().all(is_over) {
            self.wrong(&format!("{} is served after its end", answer.grant));
        }
        for record in &answer.records {
            let seen = (category, opened(&record.content).clone());
            let is_consented = |version: &Version| {
                consent
                    .terms
                    .iter()
                    .chain(before.bounds(answer.grant))
                    .any(|terms| version.under(terms).as_ref() == Some(&seen))
                    && before
                        .bounds(answer.grant)
                        .iter()
                        .all(|bound| is_part_of(&seen.1, version, bound))
            };
            if !self.versions.iter().any(is_consented) {
                self.wrong(&format!(
                    "{seen:?} is served under {} and was not consented to",
                    answer.grant
                ));
            }
        }
        if answer.next.is_none() {
            let slots: BTreeSet<_> = answer.records.iter().map(|record| record.slot).collect();
            self.hold(self.promises.served(before, answer.grant, category, &slots));
        }
    }

    /// A withdrawal was acknowledged: no answer of before may still be on its way, unless it is aborted.
    pub(crate) fn check_nobody_reads_on(&mut self, grant: GrantId) {
        let reading = std::mem::take(&mut self.reading);
        for (of, guard) in &reading {
            let aborted = || {
                self.machine.call(async {
                    tokio::select! {
                        biased;
                        () = guard.aborted() => true,
                        () = std::future::ready(()) => false,
                    }
                })
            };
            if *of == grant && aborted() != Some(true) {
                self.wrong(&format!(
                    "the withdrawal of {grant} is acknowledged and it is still being read"
                ));
            }
        }
        self.reading = reading;
    }
}

/// Whether terms let all of this be seen of a version.
fn is_part_of(seen: &Shown, version: &Version, terms: &Terms) -> bool {
    let most = version.under(terms).map(|(_, most)| most).unwrap_or_default();
    seen.iter().all(|(field, value)| most.get(field) == Some(value))
}

/// What a record shows in delivery `server`.
pub(super) fn opened(content: &Content) -> &Shown {
    match content {
        Content::Fields(fields) => fields,
        Content::Sealed { .. } => panic!("no grant of a simulation is sealed"),
    }
}
