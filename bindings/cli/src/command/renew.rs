//! `vault renew`

use clap::Args;

use super::grants::{self, changed};
use crate::{context::Context, failure::Failure, moment::Moment, show::plain};

/// Confirms a grant for longer: for as long as was asked, or until a time before that. A grant until you
/// withdraw it lapses unless it is confirmed within 365 days.
#[derive(Args)]
pub(crate) struct Renew {
    /// The grant's id, or how that begins or ends
    #[arg(value_name = "GRANT")]
    grant: String,
    /// Until this time; +30d is 30 days from now
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl Renew {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let grant = grants::meant(&vault, &self.grant)?;
        let screen = context.output.screen();
        let until = self.until.map(|until| screen.moment(until)).transpose()?;
        vault.renew(grant.id, until)?;
        let done = format!("Renewed for {}.", plain(&grant.app.display_name));
        changed(context, &vault, grant.id, &done)
    }
}
