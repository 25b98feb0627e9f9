//! `vault collect`

use clap::{Args, ValueEnum};
use comfy_table::Cell;
use serde_json::{Value as Json, json};
use vault_core::{Category, Collection, Vault};

use crate::{
    arguments::category,
    confirm::typed_yes,
    context::Context,
    failure::Failure,
    output::Output,
    show::{Page, Tone, heading, local, state},
};

/// Says which categories may be collected, or turns one on or off. Sharing is another matter: it is
/// decided request by request.
#[derive(Args)]
pub(crate) struct Collect {
    /// Which category; all are listed without it
    #[arg(value_name = "CATEGORY", value_parser = category())]
    category: Option<Category>,
    /// Whether it may be collected
    #[arg(value_enum, requires = "category")]
    switch: Option<Switch>,
    /// Confirm that a sensitive category may be collected, without being asked
    #[arg(long)]
    yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Collect {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        match (self.category, self.switch) {
            (Some(category), Some(Switch::On)) => {
                self.confirm(category, &vault, &mut context.output)?;
                vault.allow_collection(category)?;
            }
            (Some(category), Some(Switch::Off)) => vault.forbid_collection(category)?,
            (_, None) | (None, Some(_)) => {}
        }
        let mut collections = vault.collections()?;
        collections.retain(|collection| self.category.is_none_or(|one| one == collection.category));
        let json: Vec<_> = collections.iter().map(json).collect();
        context.output.show_list(json, |page| write(page, &collections))
    }

    /// Sensitive categories are confirmed on their own, once.
    fn confirm(&self, category: Category, vault: &Vault, output: &mut Output) -> Result<(), Failure> {
        let is_on =
            |collection: &Collection| collection.category == category && collection.allowed_since.is_some();
        if !category.spec().sensitive || self.yes || vault.collections()?.iter().any(is_on) {
            return Ok(());
        }
        typed_yes(
            output,
            &format!(
                "{category} ({}) says a lot about you. It stays encrypted in this vault, and nobody reads it \
                 without your consent. Type yes to let it be collected:",
                category.spec().about
            ),
            &format!("{category} stays off: type yes, or add --yes, to let it be collected"),
        )
    }
}

fn json(collection: &Collection) -> Json {
    let spec = collection.category.spec();
    json!({
        "category": spec.name,
        "collected": collection.allowed_since.is_some(),
        "since": collection.allowed_since.map(|at| at.to_string()),
        "sensitive": spec.sensitive,
    })
}

fn write(page: &mut Page<'_>, collections: &[Collection]) -> std::io::Result<()> {
    let screen = page.screen;
    let rows = collections.iter().map(|collection| {
        let spec = collection.category.spec();
        let (switch, since) = match collection.allowed_since {
            Some(at) => (state(Tone::Good, "on"), local(at, screen)),
            None => (state(Tone::Over, "off"), String::new()),
        };
        let about = match spec.sensitive {
            true => format!("{}; sensitive", spec.about),
            false => spec.about.to_owned(),
        };
        vec![Cell::new(spec.name), switch, Cell::new(since), Cell::new(about)]
    });
    let headings = [
        heading("Category").whole(),
        heading("Collected").whole(),
        heading("Since").whole(),
        heading("What it is"),
    ];
    page.table(headings, rows)
}
