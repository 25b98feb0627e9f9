//! `vault list`

use clap::Args;
use vault_core::{Category, Query, Record, Vault, wire::terms::TimeRange};

use crate::{
    arguments::category,
    context::Context,
    failure::Failure,
    moment::Moment,
    output::Output,
    show::{self, count},
};

/// Rows of a table, unless --limit says otherwise.
const ROWS: usize = 50;
/// Records that are read at once.
const RECORDS_PER_STEP: usize = 5_000;

/// Lists the records of a category, oldest first; those without a time come before all others.
#[derive(Args)]
pub(crate) struct List {
    /// Which category
    #[arg(value_name = "CATEGORY", value_parser = category())]
    category: Category,
    /// Only of this time or later
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Only from before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Newest first
    #[arg(long)]
    newest: bool,
    /// How many at most; 50 in a table and all with --json, unless you say otherwise
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl List {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let screen = context.output.screen();
        let moment = |moment: Option<Moment>| moment.map(|moment| screen.moment(moment)).transpose();
        let wanted = Query {
            time: TimeRange {
                from: moment(self.from)?,
                to: moment(self.to)?,
            },
            newest_first: self.newest,
            ..Query::of(self.category)
        };
        let vault = context.open()?;
        match context.output.is_json() {
            true => self.stream(&vault, wanted, &mut context.output),
            false => self.table(&vault, wanted, &mut context.output),
        }
    }

    fn table(&self, vault: &Vault, wanted: Query, output: &mut Output) -> Result<(), Failure> {
        let rows = self.limit.unwrap_or(ROWS);
        let mut records = vault.query(&Query {
            limit: rows.saturating_add(1),
            ..wanted
        })?;
        let has_more = records.len() > rows;
        records.truncate(rows);
        if records.is_empty() {
            return output.page(|page| page.line(&format!("No {} here.", self.category)));
        }
        output.page(|page| show::record::table(page, self.category, &records))?;
        if has_more {
            let shown = count(rows as u64);
            output.remark(&format!(
                "The first {shown}; there are more: raise --limit, or say --from and --to."
            ))?;
        }
        Ok(())
    }

    /// In steps, so that a large category takes little memory.
    fn stream(&self, vault: &Vault, wanted: Query, output: &mut Output) -> Result<(), Failure> {
        let mut left = self.limit.unwrap_or(usize::MAX);
        let mut skip = 0;
        while left > 0 {
            let limit = left.min(RECORDS_PER_STEP);
            let records: Vec<Record> = vault.query(&Query {
                skip,
                limit,
                ..wanted
            })?;
            for record in &records {
                output.json_line(&show::record::json(record))?;
            }
            if records.len() < limit {
                break;
            }
            left -= limit;
            skip += limit;
        }
        Ok(())
    }
}
