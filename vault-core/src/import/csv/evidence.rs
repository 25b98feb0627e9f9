//! What the beginning of a table shows about how all of it is written: the order of day and month,
//! the decimal sign of each column, and which columns are not what their names suggest.
//!
//! Everything here is decided once, before the first row, so that no row is read differently from
//! its neighbour. A later row that contradicts is rejected.

use vault_wire::catalogue::{Category, Kind};

use super::{
    super::{dates::DayOrder, numbers::Mark},
    cell,
    layout::{Column, Layout, Meaning},
    rows::Row,
};

/// How amounts carry their direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// The sign is part of the amount, and says nothing about the direction.
    OfTheAmount,
    /// A column says the direction, and the sign repeats it: debits below zero, credits above.
    RepeatsDirection,
    /// Beside a balance, what is below zero is a debit.
    SaysDirection,
}

/// The order of day and month in the table's dates: the one they show, else month first. With it,
/// whether it had to be assumed.
pub(super) fn day_order(layout: &Layout, rows: &[Row]) -> (DayOrder, bool) {
    let dates: Vec<_> = layout
        .columns
        .iter()
        .filter(|column| matches!(column.meaning, Meaning::Time))
        .flat_map(|column| rows.iter().map(|row| row.cell(column.index)))
        .collect();
    let texts = || dates.iter().map(AsRef::as_ref);
    match DayOrder::shown_by(texts()) {
        Some(order) => (order, false),
        None => (DayOrder::MonthFirst, texts().any(DayOrder::matters_to)),
    }
}

/// Finds out the decimal sign of each column with numbers.
pub(super) fn mark_numbers(layout: &mut Layout, rows: &[Row], separator: u8) {
    let fallback = if separator == b';' {
        Mark::Comma
    } else {
        Mark::Point
    };
    for column in &mut layout.columns {
        let cells: Vec<_> = rows.iter().map(|row| row.cell(column.index)).collect();
        column.mark = Mark::shown_by(cells.iter().map(AsRef::as_ref), fallback);
    }
}

/// Drops the columns whose content shows that they are about something else: of the cells in a
/// column named `Type` or `Country`, at least half must be a direction or a country code. What the
/// owner mapped stays.
pub(super) fn drop_misnamed(layout: &mut Layout, rows: &[Row]) {
    let Layout { columns, .. } = layout;
    columns.retain(|column| column.is_mapped || !is_misnamed(column, rows));
}

fn is_misnamed(column: &Column, rows: &[Row]) -> bool {
    let Meaning::Field(_, kind @ (Kind::Choice(_) | Kind::Country | Kind::Currency)) = column.meaning else {
        return false;
    };
    let cells: Vec<_> = rows
        .iter()
        .map(|row| row.cell(column.index))
        .filter(|cell| !cell.is_empty())
        .collect();
    let fitting = cells
        .iter()
        .filter(|cell| cell::value(kind, cell, Mark::Point).is_some())
        .count();
    fitting * 2 < cells.len()
}

/// How the table's amounts carry their direction.
pub(super) fn sign(layout: &Layout, rows: &[Row]) -> Sign {
    if layout.category != Category::Receipts {
        return Sign::OfTheAmount;
    }
    let column = |path| {
        layout
            .columns
            .iter()
            .find(|c| matches!(c.meaning, Meaning::Field(found, _) if found == path))
    };
    let Some(amount) = column("total_cost") else {
        return Sign::OfTheAmount;
    };
    let Some(direction) = column("direction") else {
        let has_balance = layout.any(|meaning| matches!(meaning, Meaning::Balance));
        return if has_balance {
            Sign::SaysDirection
        } else {
            Sign::OfTheAmount
        };
    };
    let Meaning::Field(_, kind) = direction.meaning else {
        return Sign::OfTheAmount;
    };
    let mut any_negative = false;
    for row in rows {
        let word = cell::value(kind, &row.cell(direction.index), Mark::Point);
        let cell = row.cell(amount.index);
        let number = super::super::numbers::amount(&cell, amount.mark).map(|amount| amount.number);
        if let (Some(vault_wire::value::Value::Text(word)), Some(number)) = (word, number)
            && !number.is_zero()
        {
            if number.is_sign_negative() != (word == "debit") {
                return Sign::OfTheAmount;
            }
            any_negative |= number.is_sign_negative();
        }
    }
    if any_negative {
        Sign::RepeatsDirection
    } else {
        Sign::OfTheAmount
    }
}
