//! What a developer does: asks for consent, asks to change it, and reads.

use sync_server::service::{
    read::{ReadAnswer, ReadError, ReadQuery, read},
    request_consent::{NewRequest, RequestError, request_consent},
};
use vault_core::{
    Category, GrantId, GrantState,
    wire::{
        id::CallId,
        purpose::Purpose,
        request::Wording,
        terms::{Delivery, Duration, Terms},
    },
};

use super::super::{
    content::{CATEGORIES, any_details},
    world::World,
};

/// The purposes that developers have.
pub(crate) const PURPOSES: [Purpose; 2] = [Purpose::Recommendations, Purpose::Loyalty];
const PAGE: u32 = 200;

impl World {
    /// A developer asks for something.
    pub(crate) fn ask(&mut self) {
        let details = any_details(&mut self.dice);
        if details.is_empty() {
            return;
        }
        let until = self.dice.percent(30);
        let hours = 1 + i64::try_from(self.dice.below(60)).unwrap();
        let terms = Terms {
            purpose: *self.dice.one_of(&PURPOSES),
            details,
            duration: match until {
                true => Duration::TimeBound(self.server_now().plus_ms(hours * 3_600_000)),
                false => Duration::UntilWithdrawn,
            },
            data_life: None,
            frequency: None,
            delivery: Delivery::Server,
        };
        let app = self.dice.below(self.apps.len());
        self.ask_for(app, terms, None);
    }

    /// A developer asks to change a grant that it has.
    pub(super) fn amend(&mut self) {
        let grants = self.owners[0].vault.grants().unwrap();
        let running: Vec<_> = grants
            .iter()
            .filter(|grant| grant.state == GrantState::Active)
            .collect();
        let details = any_details(&mut self.dice);
        if running.is_empty() || details.is_empty() {
            return;
        }
        let grant = *self.dice.one_of(&running);
        let app = self.apps.iter().position(|app| app.caller.app == grant.app.id);
        let terms = Terms {
            details: if self.dice.percent(70) {
                details
            } else {
                grant.terms.details[..1].to_vec()
            },
            ..grant.terms.clone()
        };
        self.ask_for(app.expect("a known application"), terms, Some(grant.id));
    }

    /// A developer asks for just this.
    pub(crate) fn ask_for(&mut self, app: usize, terms: Terms, amends: Option<GrantId>) {
        let wording = Wording {
            purpose_text: "Suit the offers".to_owned(),
            benefit: "Fewer useless ones".to_owned(),
            recipients: Vec::new(),
            storage_locations: Vec::new(),
            notice: None,
        };
        let app = &self.apps[app];
        let new = NewRequest {
            subject: app.subject,
            terms,
            required: Vec::new(),
            wording,
            amends,
            binding_code: false,
            metadata: None,
        };
        let (server, caller) = (self.machine.server().clone(), app.caller.clone());
        let asked = self.machine.call(request_consent(&server, &caller, new));
        drop(server);
        match asked {
            None => self.crash_server(),
            Some(Ok(_)) => self.note("a developer asks".to_owned()),
            Some(Err(RequestError::RecentlyRefused { .. } | RequestError::PromptBudgetExceeded { .. })) => {
                self.count("not asked: too often");
            }
            // What would be amended ended meanwhile, or the amendment asks for nothing that is possible now.
            Some(Err(_)) if amends.is_some() => self.count("not asked: cannot be amended"),
            Some(Err(error)) => self.wrong(&format!("a developer may not ask: {error}")),
        }
        self.machine.turn();
        self.collect();
    }

    /// A developer reads something.
    pub(super) fn read_anything(&mut self) {
        let app = self.dice.below(self.apps.len());
        let (category, ..) = *self.dice.one_of(&CATEGORIES);
        let purpose = *self.dice.one_of(&PURPOSES);
        if let Some(Ok(answer)) = self.read(app, category, purpose) {
            self.answered.insert(answer.read_id);
            if self.dice.percent(20) {
                self.reading.push((answer.grant, answer.guard));
            }
        }
    }

    /// A developer reads a category. Whatever is answered must be consented to, and all that the server
    /// promised to hold. None if the server crashed meanwhile.
    pub(crate) fn read(
        &mut self,
        app: usize,
        category: Category,
        purpose: Purpose,
    ) -> Option<Result<ReadAnswer, ReadError>> {
        let query = ReadQuery {
            subject: self.apps[app].subject,
            category,
            purpose: Some(purpose),
            from: None,
            to: None,
            updated_since: None,
            fields: None,
            after: None,
            limit: PAGE,
        };
        for owner in 0..self.owners.len() {
            self.learn_consents(owner);
        }
        let before = self.promises.clone();
        let (server, caller) = (self.machine.server().clone(), self.apps[app].caller.clone());
        let answer = self.machine.call(read(&server, &caller, query, CallId([1; 16])));
        drop(server);
        let Some(answer) = answer else {
            self.crash_server();
            return None;
        };
        self.machine.turn();
        self.collect();
        match &answer {
            Ok(answer) => {
                self.note(format!(
                    "{app} reads {category} under {}: {}",
                    answer.grant,
                    answer.records.len()
                ));
                self.count("read answered");
                self.check_answer(&before, app, category, purpose, answer);
            }
            Err(ReadError::ConsentRequired { .. }) => self.count("read refused"),
            Err(error) => self.wrong(&format!("a read fails: {error}")),
        }
        Some(answer)
    }
}
