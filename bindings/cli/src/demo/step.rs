//! The steps of the demo, each told when it has really happened.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;

use crate::{failure::Failure, output::Output};

/// Every step, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    ServerStarted,
    VaultCreated,
    Imported,
    RefusedBeforeConsent,
    ConsentRequested,
    Granted,
    Synced,
    Read,
    UngrantedFieldAbsent,
    ReadReceipt,
    Paused,
    Narrowed,
    RestoredFromBackup,
    ServerSetBack,
    Withdrawn,
    RefusedAfterWithdrawal,
    ErasureVerified,
    SealedRead,
}

/// How many steps there are.
const STEPS: usize = 18;

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::ServerStarted => "server_started",
            Self::VaultCreated => "vault_created",
            Self::Imported => "imported",
            Self::RefusedBeforeConsent => "refused_before_consent",
            Self::ConsentRequested => "consent_requested",
            Self::Granted => "granted",
            Self::Synced => "synced",
            Self::Read => "read",
            Self::UngrantedFieldAbsent => "ungranted_field_absent",
            Self::ReadReceipt => "read_receipt",
            Self::Paused => "paused",
            Self::Narrowed => "narrowed",
            Self::RestoredFromBackup => "restored_from_backup",
            Self::ServerSetBack => "server_set_back",
            Self::Withdrawn => "withdrawn",
            Self::RefusedAfterWithdrawal => "refused_after_withdrawal",
            Self::ErasureVerified => "erasure_verified",
            Self::SealedRead => "sealed_read",
        }
    }
}

/// What a step came to: whether its promise held, a sentence for people, and facts for scripts.
pub(super) struct Outcome {
    pub(super) held: bool,
    pub(super) told: String,
    pub(super) facts: Value,
}

impl Outcome {
    /// A step whose promise held, or did not.
    pub(super) fn new(held: bool, told: impl Into<String>, facts: Value) -> Self {
        Self {
            held,
            told: told.into(),
            facts,
        }
    }
}

/// Tells the steps, to people or to scripts.
pub(super) struct Reporter<'o> {
    pub(super) output: &'o mut Output,
    all_held: bool,
    told: usize,
}

impl<'o> Reporter<'o> {
    pub(super) const fn new(output: &'o mut Output) -> Self {
        Self {
            output,
            all_held: true,
            told: 0,
        }
    }

    /// Whether the story was told to its end and every step held.
    pub(super) const fn ended(&self) -> bool {
        self.all_held && self.told == STEPS
    }

    fn tell(&mut self, step: Step, took: Duration, outcome: &Outcome) -> Result<(), Failure> {
        self.all_held &= outcome.held;
        self.told += 1;
        let (ms, held, number) = (took.as_secs_f64() * 1_000.0, outcome.held, self.told);
        if self.output.is_json() {
            let facts = outcome.facts.to_string();
            let facts = facts
                .strip_prefix('{')
                .and_then(|facts| facts.strip_suffix('}'))
                .unwrap_or_default();
            let comma = if facts.is_empty() { "" } else { "," };
            let line = format!(
                "{{\"step\":\"{}\",\"ok\":{held},\"ms\":{ms:.1}{comma}{facts}}}\n",
                step.name()
            );
            self.output.raw(line.as_bytes())?;
        } else {
            let mark = if held { "ok  " } else { "FAIL" };
            self.output
                .page(|page| page.line(&format!("{number:>2}  {mark} {ms:>8.1} ms  {}", outcome.told)))?;
        }
        self.output.flush()
    }
}

/// Does one step and tells it with its time.
pub(super) async fn timed<T>(
    reporter: &mut Reporter<'_>,
    step: Step,
    doing: impl Future<Output = anyhow::Result<(T, Outcome)>>,
) -> anyhow::Result<T> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the demo tells how long each step really took"
    )]
    let begun = Instant::now();
    let (done, outcome) = doing.await.with_context(|| format!("step {step:?}"))?;
    reporter.tell(step, begun.elapsed(), &outcome)?;
    Ok(done)
}
