//! Tables: comma, semicolon, tab or bar between cells, a header that says what the columns are.
//!
//! `profile.rs` knows the names of columns, `layout.rs` gives each column of one table its meaning,
//! `evidence.rs` finds out from the first rows how dates and numbers are written, `record.rs` turns
//! a row into records.

mod cell;
mod evidence;
mod header;
mod layout;
mod mapping;
mod metrics;
mod profile;
mod record;
mod rows;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, io::BufRead};

use vault_wire::catalogue::Category;

pub use self::mapping::{Mapping, MappingError};
use self::{
    header::Header,
    record::Reading,
    rows::{Next, Row, Rows},
};
use super::{
    HEAD_BYTES, ImportOptions,
    dates::{Dates, DayOrder},
    draft::{Drafter, Item},
    error::ImportError,
};

/// How a table will be read, decided from its beginning.
pub(super) struct Plan {
    header: Header,
    reading: Reading,
    order_is_assumed: bool,
    ignored: Vec<String>,
}

/// Most rows that are looked at before the first is read.
const ROWS_SHOWN_MAX: usize = 1_000;

impl Plan {
    /// The plan for the table that begins with `head`.
    ///
    /// # Errors
    ///
    /// There is no header that is understood.
    pub(super) fn of(head: &[u8], options: &ImportOptions) -> Result<Self, ImportError> {
        let (header, mut layout) = header::find(head, options)?;
        let shown = rows_shown(head, &header);
        evidence::drop_misnamed(&mut layout, &shown);
        evidence::mark_numbers(&mut layout, &shown, header.separator);
        let (order, is_assumed) = evidence::day_order(&layout, &shown);
        let sign = evidence::sign(&layout, &shown);
        let dates = Dates {
            format: options.date_format.clone(),
            timezone: options.timezone.clone(),
            order,
        };
        Ok(Self {
            header,
            order_is_assumed: is_assumed && options.date_format.is_none(),
            ignored: layout.ignored(),
            reading: Reading { layout, dates, sign },
        })
    }
}

/// The first rows behind the header. Of a head that is not the whole file the last row may be cut
/// off, so it is not among them.
fn rows_shown(head: &[u8], header: &Header) -> Vec<Row> {
    let mut rows = Rows::new(&head[header.end..], header.separator, header.terminator);
    let mut shown = Vec::new();
    while shown.len() < ROWS_SHOWN_MAX {
        match rows.next() {
            Ok(Next::Row) => shown.push(rows.take_row()),
            Ok(Next::Rejected(..)) => {}
            Ok(Next::End | Next::GaveUp(_)) | Err(_) => {
                if head.len() + super::UTF8_MARK.len() >= HEAD_BYTES {
                    shown.pop();
                }
                break;
            }
        }
    }
    shown
}

/// The records of a table, one by one.
pub(super) struct Table<R> {
    rows: Rows<R>,
    plan: Plan,
    drafter: Drafter,
    items: VecDeque<Item>,
    is_at_header: bool,
}

impl<R: BufRead> Table<R> {
    pub(super) fn new(source: R, plan: Plan, drafter: Drafter) -> Self {
        let rows = Rows::new(source, plan.header.separator, plan.header.terminator);
        Self {
            rows,
            plan,
            drafter,
            items: VecDeque::new(),
            is_at_header: true,
        }
    }

    pub(super) fn category(&self) -> Category {
        self.plan.reading.layout.category
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.rows.bytes()
    }

    pub(super) fn ignored_columns(&self) -> &[String] {
        &self.plan.ignored
    }

    pub(super) fn assumed_day_order(&self) -> Option<DayOrder> {
        self.plan
            .order_is_assumed
            .then_some(self.plan.reading.dates.order)
    }

    /// The next record, or nothing at the file's end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ImportError> {
        if std::mem::take(&mut self.is_at_header) {
            self.rows.skip_lines(self.plan.header.lines)?;
            self.rows.expect_width(self.plan.reading.layout.width);
        }
        loop {
            if let Some(item) = self.items.pop_front() {
                return Ok(Some(item));
            }
            match self.rows.next()? {
                Next::End => return Ok(None),
                Next::GaveUp(line) => return Err(ImportError::UnclosedQuotes { line }),
                Next::Rejected(line, reason) => return Ok(Some(Item::rejected(line, reason))),
                Next::Row => {
                    let row = self.rows.row();
                    if !row.is_blank() && !self.plan.header.is_repeated_in(row) {
                        self.plan.reading.read(row, &mut self.drafter, &mut self.items);
                    }
                }
            }
        }
    }
}
