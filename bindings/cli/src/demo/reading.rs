//! What the developer reads, and waiting until it is what it should be.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{sleep, timeout};
use vault_core::{Preview, PreviewedRecord, wire::json};

use super::{
    developer::Answer,
    stage::{PATIENCE, Stage, call},
};

const BETWEEN_READS: Duration = Duration::from_millis(5);

/// What a developer gets who reads page after page.
#[derive(Default)]
pub(super) struct AllRead {
    /// The fields of each record, sorted.
    pub(super) records: Vec<String>,
    pub(super) pages: usize,
    /// The id of the last page's read.
    pub(super) read_id: String,
}

/// What a preview shows, as a developer who reads everything gets it.
pub(super) fn shown(preview: &Preview) -> Vec<String> {
    let fields = |record: &PreviewedRecord| json::of_fields(&record.fields).to_string();
    let mut shown: Vec<String> = preview.sample.iter().map(fields).collect();
    shown.sort_unstable();
    shown
}

impl Stage {
    pub(super) async fn read_all(&self) -> anyhow::Result<AllRead> {
        let mut all = AllRead::default();
        let mut after = None::<String>;
        loop {
            let answer = self.read_page(after.as_deref()).await?;
            if answer.status != 200 {
                bail!("reading was answered with {}: {}", answer.status, answer.body);
            }
            all.pages += 1;
            let records = answer.body["data"].as_array().into_iter().flatten();
            all.records
                .extend(records.map(|record| record["fields"].to_string()));
            all.read_id = answer.body["read_id"].as_str().unwrap_or_default().to_owned();
            after = answer.body["next_cursor"].as_str().map(str::to_owned);
            if answer.body["has_more"] != true {
                all.records.sort_unstable();
                return Ok(all);
            }
        }
    }

    /// What the developer reads, once it is what is wanted; otherwise what it is in the end.
    pub(super) async fn reads_become(&self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let mut read = Vec::new();
        let become_so = async {
            loop {
                read = self
                    .read_all()
                    .await
                    .map_or_else(|_| Vec::new(), |all| all.records);
                if wanted(&read) {
                    return;
                }
                sleep(BETWEEN_READS).await;
            }
        };
        let _ = timeout(PATIENCE, become_so).await;
        read
    }

    /// The answer to a read, once its status is what is wanted; otherwise what it is in the end.
    pub(super) async fn status_becomes(&self, wanted: u16) -> anyhow::Result<Answer> {
        let become_so = async {
            loop {
                let answer = self.read_page(None).await?;
                if answer.status == wanted {
                    return anyhow::Ok(answer);
                }
                sleep(BETWEEN_READS).await;
            }
        };
        match timeout(PATIENCE, become_so).await {
            Ok(answer) => answer,
            Err(_) => self.read_page(None).await,
        }
    }

    pub(super) async fn read_page(&self, after: Option<&str>) -> anyhow::Result<Answer> {
        let scope = self.ask.scope();
        let query = after.map_or_else(String::new, |after| format!("&after={after}"));
        let path = format!("{}?limit=200{query}", self.ask.path(&self.subject));
        call(&self.developer, move |developer| {
            developer.get(&path, &developer.token(&scope)?)
        })
        .await
    }
}
