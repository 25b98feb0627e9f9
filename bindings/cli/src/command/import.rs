//! `vault import`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::tz::TimeZone;
use vault_core::{
    Category, ImportSummary, Vault,
    import::{DateFormat, ImportOptions, Mapping},
};

use crate::{
    arguments::category, context::Context, failure::Failure, output::Output, progress::Progress, show,
};

/// Imports files. Their format is known by what they hold. Bad rows are reported and the rest is
/// imported; importing the same or an overlapping file again adds nothing twice.
#[derive(Args)]
pub(crate) struct Import {
    /// GPX 1.0 or 1.1, CSV, or JSON Lines; - is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What the columns of a table mean; field:=text gives every row the same, field= leaves a field out
    #[arg(long, value_name = "FIELD=COLUMN,...")]
    map: Option<Mapping>,
    /// How dates are written, for example %d/%m/%Y %H:%M, or %s for Unix seconds
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateFormat>,
    /// Where times without an offset are local, for example Europe/Ljubljana; or `local` for here
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = time_zone)]
    timezone: TimeZone,
    /// The currency of amounts whose file names none, for example EUR
    #[arg(long, value_name = "CODE", value_parser = currency)]
    currency: Option<String>,
    /// What a table or JSON Lines hold, where they do not say so
    #[arg(long, value_name = "CATEGORY", value_parser = category())]
    category: Option<Category>,
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "local" => Ok(TimeZone::system()),
        name => {
            TimeZone::get(name).map_err(|_| "no such time zone; write for example Europe/Ljubljana".into())
        }
    }
}

fn currency(code: &str) -> Result<String, String> {
    let code = code.to_ascii_uppercase();
    match code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        true => Ok(code),
        false => Err("not an ISO 4217 code; write for example EUR".into()),
    }
}

impl Import {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), Failure> {
        let vault = context.open()?;
        let output = &mut context.output;
        let files = self.files.len();
        let mut failures = Vec::new();
        for path in &self.files {
            let file = path.display().to_string();
            if let Err(failure) = self.import(&vault, path, &file, output) {
                let source = Box::new(failure);
                failures.push(Failure::Import { file, source });
            }
        }
        if files > 1 {
            for failure in &failures {
                output.remark(&format!("vault: {}", show::plain(&failure.to_string())))?;
            }
        }
        let failed = failures.len();
        match failures.into_iter().next() {
            None => Ok(()),
            Some(first) if files == 1 => Err(first),
            Some(first) => Err(Failure::Imports {
                failed,
                files,
                first: Box::new(first),
            }),
        }
    }

    fn import(&self, vault: &Vault, path: &Path, file: &str, output: &mut Output) -> Result<(), Failure> {
        let before = counts(vault)?;
        match self.read(vault, path, file, output) {
            Ok(summary) => output.show(
                || show::import::json(file, &summary),
                |page| show::import::write(page, file, &summary),
            ),
            Err(failure) => {
                let added = added_since(&before, vault)?;
                report_broken(output, file, &added, &failure)?;
                Err(failure)
            }
        }
    }

    fn read(
        &self,
        vault: &Vault,
        path: &Path,
        file: &str,
        output: &Output,
    ) -> Result<ImportSummary, Failure> {
        let cannot_read = |source| Failure::CannotRead {
            what: "the file".to_owned(),
            source,
        };
        let (source, size): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin().lock()), None)
        } else {
            let opened = File::open(path).map_err(cannot_read)?;
            let size = opened.metadata().map_err(cannot_read)?.len();
            (Box::new(opened), Some(size))
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let progress = Progress::of_file(output, name.unwrap_or(file), size);
        let summary = vault.import(source, name, &self.options(), |so_far| {
            progress.reached(so_far.bytes);
        })?;
        Ok(summary)
    }

    fn options(&self) -> ImportOptions {
        ImportOptions {
            map: self.map.clone(),
            date_format: self.date_format.clone(),
            timezone: self.timezone.clone(),
            currency: self.currency.clone(),
            category: self.category,
        }
    }
}

fn counts(vault: &Vault) -> Result<BTreeMap<Category, u64>, Failure> {
    Ok(vault.status()?.records.into_iter().collect())
}

/// What an import that broke off had added: it keeps what it committed.
fn added_since(before: &BTreeMap<Category, u64>, vault: &Vault) -> Result<BTreeMap<Category, u64>, Failure> {
    let mut added = counts(vault)?;
    for (category, number) in &mut added {
        *number -= before.get(category).copied().unwrap_or_default().min(*number);
    }
    added.retain(|_, number| *number > 0);
    Ok(added)
}

fn report_broken(
    output: &mut Output,
    file: &str,
    added: &BTreeMap<Category, u64>,
    failure: &Failure,
) -> Result<(), Failure> {
    if output.is_json() {
        return output.json_line(&show::import::broken_json(file, added, &failure.json()));
    }
    if added.is_empty() {
        return Ok(());
    }
    let added = show::terms::by_category(added);
    output.page(|page| {
        page.line(&format!(
            "{}: added {added}, then it broke off",
            show::plain(file)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_and_currencies_are_checked_before_anything_is_read() {
        assert!(time_zone("Europe/Ljubljana").is_ok() && time_zone("local").is_ok());
        assert!(
            time_zone("Mars/Olympus")
                .unwrap_err()
                .contains("Europe/Ljubljana")
        );
        assert_eq!(currency("eur").unwrap(), "EUR");
        assert!(currency("euro").unwrap_err().contains("EUR"));
    }
}
