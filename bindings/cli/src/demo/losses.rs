//! What gets lost: a phone, of which there is a backup, and the server's latest data. Sync heals both.

use std::{fs, io, ops::ControlFlow, path::Path};

use anyhow::Context;
use serde_json::json;
use vault_core::{Host, NewRecord, Passphrase, Preview, Query, Secret, Vault, VaultFile};

use super::{
    reading::shown,
    stage::{Stage, stay_connected},
    step::Outcome,
};

/// The phone is lost after a backup. The vault that is made of the backup tells the server what it holds;
/// what the lost one had shared since is taken back.
pub(super) async fn restored_from_backup(
    mut stage: Stage,
    preview: &Preview,
) -> anyhow::Result<(Stage, Outcome)> {
    let (file, backup) = (
        stage.folder.join("demo.vault"),
        stage.folder.join("demo.vault.backup"),
    );
    stage.vault.back_up(&backup, &mut |_| ControlFlow::Continue(()))?;
    let wanted = shown(preview);
    stage.vault.put(another_like_it(&stage)?)?;
    let more = wanted.len() + 1;
    let before = stage.reads_become(|read| read.len() == more).await.len();
    stage.vault.lock();
    while stage.events.recv().await.is_some() {}
    fs::remove_file(&file).context("the lost file cannot be removed")?;
    stage.vault = restore(&file, &backup, &stage.passphrase)?;
    stage.events = stay_connected(&stage.vault);
    let after = stage.reads_become(|read| read == wanted).await;
    let told = format!(
        "The phone is lost; a vault is made of its backup. The developer read {before} records, and after the \
         next sync {}: exactly those of the restored vault",
        after.len()
    );
    let facts =
        json!({ "records_before": before, "records": after.len(), "equals_preview": after == wanted });
    let held = before == more && after == wanted;
    Ok((stage, Outcome::new(held, told, facts)))
}

/// The server's data are set back to an older state. The device notices, brings what is missing, and keeps
/// what the server signed before as evidence.
pub(super) async fn server_set_back(
    stage: Stage,
    preview: &Preview,
) -> anyhow::Result<((Stage, u64), Outcome)> {
    let older = stage.folder.join("data-older");
    let stage = stage
        .restarted(|config| copy_folder(&config.data_dir, &older))
        .await?;
    let more = shown(preview).len() + 1;
    stage.vault.put(another_like_it(&stage)?)?;
    let before = stage.reads_become(|read| read.len() == more).await;
    let stage = stage
        .restarted(|config| {
            fs::remove_dir_all(&config.data_dir)?;
            copy_folder(&older, &config.data_dir)
        })
        .await?;
    let after = stage.reads_become(|read| read == before).await;
    let faults = stage.vault.log()?.faults;
    let told = format!(
        "The server's data are set back to before the last record. The device brings it again: {} records, and \
         the owner sees that the server took back what it had signed",
        after.len()
    );
    let facts = json!({
        "records_before": before.len(),
        "records": after.len(),
        "healed": after == before,
        "log_contradictions": faults.len(),
    });
    let held = before.len() == more && after == before && faults.len() == 1;
    Ok(((stage, more as u64), Outcome::new(held, told, facts)))
}

/// A new record of the category that is granted, with the content of one that is there.
fn another_like_it(stage: &Stage) -> anyhow::Result<NewRecord> {
    let one = Query {
        limit: 1,
        ..Query::of(stage.ask.category)
    };
    let record = stage.vault.query(&one)?.into_iter().next();
    let record = record.context("the vault is empty")?;
    Ok(NewRecord {
        category: record.category,
        occurred_at: record.occurred_at,
        fields: record.fields,
        source: "user".into(),
    })
}

fn restore(file: &Path, backup: &Path, passphrase: &str) -> anyhow::Result<Vault> {
    let passphrase = Passphrase::new(passphrase.as_bytes())?;
    let secret = Secret::Passphrase(&passphrase);
    let vault =
        VaultFile::at(file).restore(
            backup,
            &secret,
            Host::system(),
            &mut |_| ControlFlow::Continue(()),
        )?;
    Ok(vault)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
