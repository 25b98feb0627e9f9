//! The steps of the demo, each told when it has really happened.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde_json::Value;

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
    Withdrawn,
    RefusedAfterWithdrawal,
    ErasureVerified,
}

/// How many steps there are.
const STEPS: usize = 13;

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
            Self::Withdrawn => "withdrawn",
            Self::RefusedAfterWithdrawal => "refused_after_withdrawal",
            Self::ErasureVerified => "erasure_verified",
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
        Self { held, told: told.into(), facts }
    }
}

/// Tells the steps, to people or to scripts.
pub(super) struct Reporter<'w> {
    out: &'w mut dyn Write,
    json: bool,
    all_held: bool,
    told: usize,
}

impl<'w> Reporter<'w> {
    pub(super) fn new(out: &'w mut dyn Write, json: bool) -> Self {
        Self { out, json, all_held: true, told: 0 }
    }

    /// Whether the story was told to its end and every step held.
    pub(super) const fn ended(&self) -> bool {
        self.all_held && self.told == STEPS
    }

    /// Where the owner's prompt is written; nothing for scripts.
    pub(super) fn prose(&mut self) -> Option<&mut dyn Write> {
        if self.json { None } else { Some(self.out) }
    }

    /// Tells a step.
    fn tell(&mut self, step: Step, took: Duration, outcome: &Outcome) -> std::io::Result<()> {
        self.all_held &= outcome.held;
        self.told += 1;
        let ms = took.as_secs_f64() * 1_000.0;
        if self.json {
            let facts = outcome.facts.to_string();
            let facts = facts.strip_prefix('{').and_then(|facts| facts.strip_suffix('}')).unwrap_or_default();
            let comma = if facts.is_empty() { "" } else { "," };
            writeln!(self.out, r#"{{"step":"{}","ok":{},"ms":{ms:.1}{comma}{facts}}}"#, step.name(), outcome.held)?;
        } else {
            let mark = if outcome.held { "ok  " } else { "FAIL" };
            writeln!(self.out, "{:>2}  {mark} {ms:>8.1} ms  {}", self.told, outcome.told)?;
        }
        self.out.flush()
    }
}

/// Does one step and tells it with its time.
pub(super) async fn timed<T>(
    reporter: &mut Reporter<'_>,
    step: Step,
    doing: impl Future<Output = anyhow::Result<(T, Outcome)>>,
) -> anyhow::Result<T> {
    #[expect(clippy::disallowed_methods, reason = "the demo tells how long each step really took")]
    let begun = Instant::now();
    let (done, outcome) = doing.await.with_context(|| format!("step {step:?}"))?;
    reporter.tell(step, begun.elapsed(), &outcome)?;
    Ok(done)
}
