//! Files that people have, as draft records: GPX, tables (CSV) and JSON Lines.
//!
//! An importer reads bytes and yields [`Draft`]s and [`Rejected`] rows, one by one, in bounded
//! memory; it knows no vault. What a file does not say is absent from a draft, and what cannot be
//! read is rejected with its line and a reason, never passed over in silence. Each draft carries a
//! hash by which a second import of the same or an overlapping file adds nothing.

mod csv;
mod dates;
mod draft;
mod error;
mod format;
mod gpx;
mod jsonl;
mod legacy;
mod lines;
mod meter;
mod numbers;
mod text;

#[cfg(test)]
mod tests;

use std::io::{BufReader, Chain, Cursor, Read};

use jiff::tz::TimeZone;
use vault_wire::{
    catalogue::{Category, Kind},
    value::Value,
};

use self::{csv::Table, draft::Drafter, gpx::Points, jsonl::Objects, legacy::Unicode, text::shortened};
pub use self::{
    csv::{Mapping, MappingError},
    dates::{DateFormat, DayOrder, InvalidDateFormat},
    draft::{Draft, Item, Rejected},
    error::ImportError,
    format::Format,
};

/// How a file is to be read, where the file itself does not say.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What the columns of a table mean; columns that it does not name are recognised as usual.
    pub map: Option<Mapping>,
    /// The format of dates in tables and JSON Lines, instead of those that are recognised.
    pub date_format: Option<DateFormat>,
    /// Where dates and times without an offset are local; UTC by default. GPX is always UTC.
    pub timezone: TimeZone,
    /// ISO 4217 code of amounts whose file names no currency; `XXX` by default.
    pub currency: Option<String>,
    /// What kind of data a table, or JSON objects that do not say so, hold.
    pub category: Option<Category>,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            map: None,
            date_format: None,
            timezone: TimeZone::UTC,
            currency: None,
            category: None,
        }
    }
}

/// The items of one file, in its order. It ends after the first error.
pub struct Reader<R: Read> {
    parser: Parser<R>,
    /// Bytes of a byte order mark before what the parser reads.
    mark_bytes: u64,
    is_over: bool,
}

enum Parser<R: Read> {
    Gpx(Points<BufReader<Unicode<Source<R>>>>),
    Csv(Table<BufReader<Source<R>>>),
    JsonLines(Objects<BufReader<Source<R>>>),
}

/// The beginning of the file, which was read to recognise it, and the rest.
type Source<R> = Chain<Cursor<Vec<u8>>, R>;

/// How much of a file is looked at before its first item, in bytes.
const HEAD_BYTES: usize = 256 << 10;
/// The byte order mark that some programs write before UTF-8.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a file for import. Its format is known by its content; `file_name` helps with an empty one.
///
/// # Errors
///
/// Anything that concerns the file as a whole: it cannot be read, is no text, or is a table that
/// nothing recognises; or options that cannot be meant. What concerns one row comes as [`Item::Rejected`].
pub fn open<R: Read>(
    mut source: R,
    file_name: Option<&str>,
    options: &ImportOptions,
) -> Result<Reader<R>, ImportError> {
    let mut head = Vec::new();
    source.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let format = Format::sniff(&head, file_name)?;
    let mark_bytes = if head.starts_with(UTF8_MARK) {
        head.drain(..UTF8_MARK.len()).len()
    } else {
        0
    };
    let drafter = Drafter::new(currency_of(options)?);
    let rest = |head: Vec<u8>| Cursor::new(head).chain(source);
    let parser = match format {
        Format::Gpx => {
            let legacy = legacy::is_declared(&head);
            Parser::Gpx(Points::new(
                BufReader::new(Unicode::new(rest(head), legacy)),
                drafter,
            ))
        }
        Format::Csv => {
            let plan = csv::Plan::of(&head, options)?;
            Parser::Csv(Table::new(BufReader::new(rest(head)), plan, drafter))
        }
        Format::JsonLines => Parser::JsonLines(Objects::new(BufReader::new(rest(head)), options, drafter)),
    };
    Ok(Reader {
        parser,
        mark_bytes: mark_bytes as u64,
        is_over: false,
    })
}

fn currency_of(options: &ImportOptions) -> Result<Option<String>, ImportError> {
    let Some(given) = &options.currency else {
        return Ok(None);
    };
    let code = Value::Text(given.trim().to_ascii_uppercase());
    match code {
        Value::Text(ref text) if Kind::Currency.accepts(&code) => Ok(Some(text.clone())),
        _ => Err(ImportError::NotACurrency {
            given: shortened(given, 40),
        }),
    }
}

impl<R: Read> Reader<R> {
    /// The format of the file.
    pub fn format(&self) -> Format {
        match self.parser {
            Parser::Gpx(_) => Format::Gpx,
            Parser::Csv(_) => Format::Csv,
            Parser::JsonLines(_) => Format::JsonLines,
        }
    }

    /// What kind of data the file holds; unknown for JSON Lines, where each line says so.
    pub fn category(&self) -> Option<Category> {
        match &self.parser {
            Parser::Gpx(_) => Some(Category::Locations),
            Parser::Csv(table) => Some(table.category()),
            Parser::JsonLines(_) => None,
        }
    }

    /// Bytes of the file that have been taken in, for a progress bar. In a GPX file of an encoding
    /// of before Unicode it counts them as UTF-8, so it can exceed the file's size.
    pub fn bytes_read(&self) -> u64 {
        let parsed = match &self.parser {
            Parser::Gpx(points) => points.bytes_read(),
            Parser::Csv(table) => table.bytes_read(),
            Parser::JsonLines(objects) => objects.bytes_read(),
        };
        self.mark_bytes + parsed
    }

    /// Columns of a table that mean nothing to us, by the names in its header. They are not
    /// imported, and whoever imports should be told.
    pub fn ignored_columns(&self) -> &[String] {
        match &self.parser {
            Parser::Csv(table) => table.ignored_columns(),
            Parser::Gpx(_) | Parser::JsonLines(_) => &[],
        }
    }

    /// The order of day and month that was assumed because the beginning of the table shows none
    /// (all its days are 12 or below, or its dates contradict each other). Whoever imports should
    /// be told; [`ImportOptions::date_format`] decides otherwise.
    pub fn assumed_day_order(&self) -> Option<DayOrder> {
        match &self.parser {
            Parser::Csv(table) => table.assumed_day_order(),
            Parser::Gpx(_) | Parser::JsonLines(_) => None,
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Item, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = match &mut self.parser {
            Parser::Gpx(points) => points.next(),
            Parser::Csv(table) => table.next(),
            Parser::JsonLines(objects) => objects.next(),
        };
        self.is_over = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
