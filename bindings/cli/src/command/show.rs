//! `vault show`

use clap::Args;

use crate::{context::Context, failure::Failure, find, show};

/// Shows a record with everything that is known of it.
#[derive(Args)]
pub(crate) struct Show {
    /// Its id, or how that begins or ends
    #[arg(value_name = "RECORD")]
    record: String,
}

impl Show {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let record = find::record(&vault, &self.record)?;
        context.output.show(
            || show::record::json(&record),
            |page| show::record::one(page, &record),
        )
    }
}
