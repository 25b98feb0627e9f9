//! The model explored whole, and its flaws found.

use stateright::{Checker, HasDiscoveries, Model};

use super::{Budget, Flaw, Protocol};

/// Nothing goes wrong.
const CALM: Budget = Budget {
    writes: 0,
    cuts: 0,
    crashes: 0,
    rollbacks: 0,
    restores: 0,
    connects: 2,
};

#[test]
#[expect(clippy::print_stdout, reason = "a proof says how much it has looked at")]
fn in_every_order_of_everything_the_model_keeps_its_promises() {
    // Each budget leaves something out, so that all of the rest can be explored.
    let budgets = [
        Budget {
            writes: 2,
            cuts: 2,
            crashes: 1,
            connects: 3,
            ..CALM
        },
        Budget {
            writes: 1,
            cuts: 1,
            rollbacks: 1,
            connects: 3,
            ..CALM
        },
        Budget {
            writes: 1,
            restores: 1,
            ..CALM
        },
        Budget {
            rollbacks: 1,
            restores: 1,
            connects: 3,
            ..CALM
        },
    ];
    for budget in budgets {
        let checker = Protocol {
            budget,
            flaw: Flaw::None,
        }
        .checker()
        .threads(2);
        let checked = checker.spawn_bfs().join();
        println!("{} states of {budget:?}", checked.unique_state_count());
        for (property, path) in checked.discoveries() {
            let is_wanted = property.starts_with("possible: ");
            assert!(is_wanted, "{property}: broken by {:?}", path.into_actions());
        }
        assert!(checked.unique_state_count() > 1_000);
    }
}

#[test]
fn every_flaw_that_is_built_into_the_model_is_found() {
    let flaws = [
        (
            Flaw::AckBeforeCommit,
            Budget { crashes: 1, ..CALM },
            "what is acknowledged is held",
        ),
        (
            Flaw::PositionsAreNotCompared,
            Budget { rollbacks: 1, ..CALM },
            "a device that is settled leaves just what it holds",
        ),
        (
            Flaw::StatementsAreNotCompared,
            Budget {
                rollbacks: 1,
                restores: 1,
                connects: 3,
                ..CALM
            },
            "a device that is settled leaves just what it holds",
        ),
        (
            Flaw::RevisionsAreNotCompared,
            Budget {
                restores: 1,
                writes: 1,
                ..CALM
            },
            "no revision is used twice",
        ),
        (
            Flaw::NoLedger,
            Budget { rollbacks: 1, ..CALM },
            "after an acknowledged withdrawal nothing is readable, whatever is set back",
        ),
        (
            Flaw::NarrowingKeepsEntries,
            CALM,
            "after an acknowledged narrowing nothing of the wider extent is readable",
        ),
    ];
    for (flaw, budget, property) in flaws {
        let checker = Protocol { budget, flaw }.checker().threads(2);
        let wanted = HasDiscoveries::AnyOf([property].into());
        let checked = checker.finish_when(wanted).spawn_dfs().join();
        assert!(checked.discovery(property).is_some(), "{flaw:?} breaks nothing");
    }
}
