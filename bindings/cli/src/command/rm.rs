//! `vault rm`

use clap::Args;
use serde_json::json;

use crate::{context::Context, failure::Failure, find};

/// Deletes records. What was shared of them is deleted at the next sync.
#[derive(Args)]
pub(crate) struct Rm {
    /// Their ids, or how those begin or end
    #[arg(value_name = "RECORD", required = true)]
    records: Vec<String>,
}

impl Rm {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        for typed in &self.records {
            let record = find::record(&vault, typed)?;
            vault.delete(record.id)?;
            context.output.show(
                || json!({ "deleted": record.id.to_string(), "category": record.category.name() }),
                |page| page.line(&format!("Deleted {} from {}.", record.id, record.category)),
            )?;
        }
        Ok(())
    }
}
