//! `vault add`

use clap::Args;
use serde_json::json;
use vault_core::{Category, NewRecord};

use crate::{
    arguments::category,
    context::Context,
    failure::Failure,
    fields::{Assignment, Setting},
    moment::Moment,
    show,
};

/// Adds a record.
#[derive(Args)]
pub(crate) struct Add {
    /// What kind of data it is
    #[arg(value_name = "CATEGORY", value_parser = category())]
    category: Category,
    /// Its fields, for example brand=Acme total_cost=12.50 currency=EUR
    #[arg(value_name = "FIELD=VALUE", required = true)]
    fields: Vec<Assignment>,
    /// When it happened; local where no offset is written
    #[arg(long, value_name = "TIME")]
    at: Option<Moment>,
}

impl Add {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let screen = context.output.screen();
        let mut new = NewRecord::new(self.category);
        new.occurred_at = self.at.map(|at| screen.moment(at)).transpose()?;
        for assignment in &self.fields {
            match assignment.setting(self.category, &screen.zone, screen.now())? {
                Setting::Field(path, Some(value)) => new = new.with(&path, value),
                Setting::OccurredAt(Some(at)) => new = new.at(at),
                Setting::Field(_, None) | Setting::OccurredAt(None) => {
                    let path = &assignment.path;
                    return Err(Failure::Usage(format!(
                        "{path}= has no value: write one, or leave it out"
                    )));
                }
            }
        }
        let vault = context.open()?;
        let id = vault.put(new)?;
        let record = vault.get(id)?;
        context.output.show(
            || json!({ "added": show::record::json(&record) }),
            |page| show::record::one(page, &record),
        )
    }
}
