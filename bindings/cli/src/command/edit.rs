//! `vault edit`

use clap::Args;
use serde_json::json;
use vault_core::NewRecord;

use crate::{
    context::Context,
    failure::Failure,
    fields::{Assignment, Setting},
    find,
    moment::Moment,
    show,
};

/// Changes fields of a record. What was shared of it follows at the next sync.
#[derive(Args)]
pub(crate) struct Edit {
    /// Its id, or how that begins or ends
    #[arg(value_name = "RECORD")]
    record: String,
    /// Fields with their new values; FIELD= takes a field away
    #[arg(value_name = "FIELD=VALUE", required_unless_present = "at")]
    fields: Vec<Assignment>,
    /// When it happened
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl Edit {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let screen = context.output.screen();
        let record = find::record(&vault, &self.record)?;
        let mut new = NewRecord {
            category: record.category,
            occurred_at: record.occurred_at,
            fields: record.fields,
            source: record.source,
        };
        if let Some(at) = self.at {
            new.occurred_at = Some(screen.moment(at)?);
        }
        for assignment in &self.fields {
            match assignment.setting(record.category, &screen.zone, screen.now())? {
                Setting::OccurredAt(at) => new.occurred_at = at,
                Setting::Field(path, Some(value)) => new = new.with(&path, value),
                Setting::Field(path, None) => {
                    new.fields.remove(&path);
                }
            }
        }
        vault.update(record.id, new)?;
        let record = vault.get(record.id)?;
        context.output.show(
            || json!({ "changed": show::record::json(&record) }),
            |page| show::record::one(page, &record),
        )
    }
}
