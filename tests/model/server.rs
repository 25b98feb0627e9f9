//! What the server makes of what it hears.

use super::{Answer, Flaw, GIVEN, NARROWED, Said, Server, Slot, WITHDRAWN, World};

impl World {
    pub(super) fn serve(&mut self, at: usize, said: Said, flaw: Flaw) {
        let answer = match said {
            Said::Hello {
                statement,
                generation,
                held,
                is_sure,
                is_ended,
            } => {
                // A newer connection fences the older one of the same vault file.
                self.hang_up(1 - at);
                self.welcome(statement, generation, is_sure.then_some(held), is_ended, flaw)
            }
            Said::Statement { number, generation } => self.state(number, generation, flaw),
            Said::Entry { generation, slot } => self.store(generation, slot, flaw),
        };
        if flaw != Flaw::AckBeforeCommit {
            self.durable = self.server;
        }
        self.answers[at].push(answer);
    }

    fn welcome(
        &mut self,
        statement: u8,
        generation: u8,
        held: Option<Slot>,
        is_ended: bool,
        flaw: Flaw,
    ) -> Answer {
        let server = &mut self.server;
        if is_ended || server.statement == WITHDRAWN {
            server.statement = WITHDRAWN;
            server.slot = Slot::default();
            return Answer::Withdrawn;
        }
        if statement > server.statement {
            return Answer::Stale(server.statement);
        }
        // Of two narrowings, the digest says which one it is; here its generation does.
        let is_another = statement == NARROWED && generation != server.generation;
        if statement < server.statement || (is_another && flaw != Flaw::StatementsAreNotCompared) {
            return Answer::Behind {
                statement: server.statement,
                generation: server.generation,
                slot: server.slot,
            };
        }
        let is_same = generation != server.generation
            || held == Some(server.slot)
            || matches!(
                flaw,
                Flaw::PositionsAreNotCompared | Flaw::RevisionsAreNotCompared
            );
        Answer::Welcome(generation, (!is_same).then_some(server.slot))
    }

    fn state(&mut self, number: u8, generation: u8, flaw: Flaw) -> Answer {
        let server = &mut self.server;
        if number == WITHDRAWN {
            *server = Server {
                statement: WITHDRAWN,
                ..Server::default()
            };
            self.ledger |= flaw != Flaw::NoLedger;
            self.promised = None;
            self.withdrawal_acknowledged = true;
            return Answer::Accepted(WITHDRAWN);
        }
        if server.statement == WITHDRAWN {
            return Answer::Withdrawn;
        }
        if number == server.statement && generation == server.generation {
            return Answer::Accepted(number);
        }
        if number != server.statement + 1 {
            return Answer::OutOfOrder;
        }
        server.statement = number;
        if generation != server.generation {
            server.generation = generation;
            if flaw != Flaw::NarrowingKeepsEntries {
                server.slot = Slot::default();
            }
            self.promised = None;
        }
        self.narrowing_acknowledged |= number == NARROWED;
        Answer::Accepted(number)
    }

    fn store(&mut self, generation: u8, slot: Slot, flaw: Flaw) -> Answer {
        let server = &mut self.server;
        let is_running = matches!(server.statement, GIVEN | NARROWED);
        if !is_running || generation != server.generation {
            return Answer::GrantOver;
        }
        if slot == server.slot {
            return Answer::Stored(generation, slot);
        }
        if slot.rev <= server.slot.rev {
            if flaw != Flaw::RevisionsAreNotCompared {
                return Answer::Rejected(generation, server.slot.rev);
            }
            self.revision_used_twice = true;
        }
        (server.slot, server.sealed) = (slot, generation);
        self.promised = Some((generation, slot));
        Answer::Stored(generation, slot)
    }
}
