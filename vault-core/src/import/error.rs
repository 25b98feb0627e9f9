//! Why a file as a whole cannot be imported, or not to its end.

use std::io;

use super::{csv::MappingError, text::shortened};

/// Why a file cannot be imported, or not further than the items given before the error.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Reading failed.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is not text in an encoding that is understood.
    #[error("this is {found}, not text; save it as CSV, GPX or JSON Lines in UTF-8 and import that")]
    NotText {
        /// What it is instead.
        found: &'static str,
    },
    /// XML that is not GPX.
    #[error("this XML holds <{root}>, not <gpx>; GPX 1.0 and 1.1 can be imported")]
    NotGpx {
        /// Its outermost element.
        root: String,
    },
    /// XML that is damaged or cut off. What came before it is good.
    #[error(
        "the XML is broken at line {line} ({reason}); the {points} points before it are good, the rest of the file cannot be read"
    )]
    BrokenXml {
        /// The line, from 1.
        line: u64,
        /// Points found before it.
        points: u64,
        /// What is wrong.
        reason: String,
    },
    /// JSON that is not one object on each line.
    #[error(
        "this JSON does not hold one object on each line; write one record a line, for example {{\"category\":\"receipts\",\"fields\":{{…}}}}"
    )]
    NotJsonLines,
    /// A table whose header says nothing to us.
    #[error(
        "no known kind of table has the columns {}; say what they mean with --map, for example --map category=receipts,purchased_at=When,brand=Shop,total_cost=Paid",
        listed(columns)
    )]
    UnknownTable {
        /// The columns of its first row.
        columns: Vec<String>,
    },
    /// The mapping names a column that the table does not have.
    #[error("the table has no column {column:?}; it has {}", listed(columns))]
    MissingColumn {
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// The mapping does not fit the category.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The currency given with the import is no code.
    #[error("{given:?} is no currency; give its ISO 4217 code, for example EUR")]
    NotACurrency {
        /// What was given.
        given: String,
    },
    /// Quotes that open and never close, again and again.
    #[error(
        "the quotes of this table do not match, near line {line} and before; save it again as CSV and import that"
    )]
    UnclosedQuotes {
        /// The line at which reading was given up.
        line: u64,
    },
}

const COLUMNS_NAMED_MAX: usize = 30;
const COLUMN_CHARS_MAX: usize = 40;

fn listed(columns: &[String]) -> String {
    let named: Vec<_> = columns
        .iter()
        .take(COLUMNS_NAMED_MAX)
        .map(|column| format!("{:?}", shortened(column, COLUMN_CHARS_MAX)))
        .collect();
    let more = if columns.len() > COLUMNS_NAMED_MAX {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", named.join(", "))
}
