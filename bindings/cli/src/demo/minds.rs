//! The owner thinks again: a grant is suspended for a while, and then left less than it had.

use anyhow::Context;
use serde_json::json;
use vault_core::{GrantId, Preview, Selection};

use super::{ask::fields_of, reading::shown, stage::Stage, step::Outcome};

/// The owner pauses the grant and lets it go on: reads are refused in between, and nothing is erased.
pub(super) async fn paused(stage: &Stage, grant: GrantId) -> anyhow::Result<((), Outcome)> {
    stage.vault.pause(grant)?;
    let refused = stage.status_becomes(403).await?;
    stage.vault.resume(grant)?;
    let answered = stage.status_becomes(200).await?;
    let told = format!(
        "The owner pauses: the developer reads {}. The owner resumes: {}, and nothing had to be sent again",
        refused.status, answered.status
    );
    let facts = json!({ "status_paused": refused.status, "status_resumed": answered.status });
    let held = refused.status == 403 && refused.body.get("data").is_none() && answered.status == 200;
    Ok(((), Outcome::new(held, told, facts)))
}

/// The owner leaves the grant less than it had: the developer reads just that, under a new key.
pub(super) async fn narrowed(stage: &Stage, grant: GrantId) -> anyhow::Result<(Preview, Outcome)> {
    let before = stage.vault.grants()?.into_iter().find(|one| one.id == grant);
    let before = Selection::all_of(&before.context("the grant is gone")?);
    let left = stage.ask.left_of(before)?;
    let preview = stage.vault.preview_narrowed(grant, &left, usize::MAX)?;
    stage.vault.narrow(grant, &left)?;
    let wanted = shown(&preview);
    let read = stage.reads_become(|read| read == wanted).await;
    let fields = fields_of(&left);
    let told = format!(
        "The owner leaves the grant only {}, or coarser: the server destroys what it held, and the developer reads \
         {} records, exactly those of the new preview",
        fields.join(", "),
        read.len()
    );
    let facts = json!({ "records": read.len(), "fields": fields, "equals_preview": read == wanted });
    let held = read == wanted && !read.is_empty();
    Ok((preview, Outcome::new(held, told, facts)))
}
