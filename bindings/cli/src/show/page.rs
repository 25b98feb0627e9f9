//! A page of text: headings, facts and tables, fitted to the screen.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, presets};

use super::Screen;

/// Where a human answer is written.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    /// What it is written on.
    pub(crate) screen: &'a Screen,
}

/// What a state means to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// It waits for something.
    Waiting,
    /// It was refused, or something is wrong.
    Bad,
    /// It is over.
    Over,
}

/// The heading of a column.
pub(crate) struct Heading {
    cell: Cell,
    is_whole: bool,
}

/// Labels, each with a text that is wrapped beside it.
#[derive(Default)]
pub(crate) struct Facts(Vec<(&'static str, String)>);

impl<'a> Page<'a> {
    /// A page on a screen.
    pub(crate) fn new(out: &'a mut dyn Write, screen: &'a Screen) -> Self {
        Self { out, screen }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        self.line("")
    }

    /// A line that stands out.
    pub(crate) fn title(&mut self, text: &str) -> io::Result<()> {
        let bold = self.styled(Style::new().bold());
        writeln!(self.out, "{bold}{text}{bold:#}")
    }

    /// A line in the colour of its tone.
    pub(crate) fn toned(&mut self, tone: Tone, text: &str) -> io::Result<()> {
        let style = self.styled(match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Waiting => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Over => Style::new().dimmed(),
        });
        writeln!(self.out, "{style}{text}{style:#}")
    }

    /// A table under its headings. On a terminal each row takes one line and wide cells are cut, but
    /// for those of columns that are kept whole.
    pub(crate) fn table(
        &mut self,
        headings: impl IntoIterator<Item = Heading>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> io::Result<()> {
        let height = self.screen.width.map(|_| 1);
        self.table_of(headings, rows, height)
    }

    /// A table under its headings whose wide cells go on below themselves.
    pub(crate) fn wrapped_table(
        &mut self,
        headings: impl IntoIterator<Item = Heading>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> io::Result<()> {
        self.table_of(headings, rows, None)
    }

    fn table_of(
        &mut self,
        headings: impl IntoIterator<Item = Heading>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
        height: Option<usize>,
    ) -> io::Result<()> {
        let fitted = |cells: Vec<Cell>| {
            let mut row = Row::from(cells);
            if let Some(lines) = height {
                row.max_height(lines);
            }
            row
        };
        let (mut cells, mut whole) = (Vec::new(), Vec::new());
        for (index, heading) in headings.into_iter().enumerate() {
            cells.push(heading.cell);
            whole.extend(heading.is_whole.then_some(index));
        }
        let mut table = self.new_table();
        table.set_header(fitted(cells));
        table.add_rows(rows.into_iter().map(fitted));
        for index in whole {
            if let Some(column) = table.column_mut(index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self.print(&mut table)
    }

    /// Labels and texts; long texts go on below themselves.
    pub(crate) fn facts(&mut self, facts: Facts) -> io::Result<()> {
        let mut table = self.new_table();
        for (label, text) in facts.0 {
            table.add_row(vec![
                Cell::new(label).add_attribute(Attribute::Dim),
                Cell::new_owned(text),
            ]);
        }
        self.print(&mut table)
    }

    fn new_table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_truncation_indicator("…");
        table.force_no_tty();
        if self.screen.colour {
            table.enforce_styling();
        }
        match self.screen.width {
            Some(width) => table
                .set_width(width)
                .set_content_arrangement(ContentArrangement::Dynamic),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table
    }

    fn print(&mut self, table: &mut Table) -> io::Result<()> {
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn styled(&self, style: Style) -> Style {
        if self.screen.colour { style } else { Style::new() }
    }
}

impl Facts {
    /// No facts yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With a fact. One without text is left out.
    #[must_use]
    pub(crate) fn with(mut self, label: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push((label, text));
        }
        self
    }
}

/// The heading of a column.
pub(crate) fn heading(name: impl ToString) -> Heading {
    Heading {
        cell: Cell::new(name).add_attribute(Attribute::Bold),
        is_whole: false,
    }
}

impl Heading {
    /// Of a column that is never cut: an id, a time, a state.
    pub(crate) fn whole(self) -> Self {
        Self {
            is_whole: true,
            ..self
        }
    }
}

/// A state in the colour of its tone.
pub(crate) fn state(tone: Tone, name: &str) -> Cell {
    let cell = Cell::new(name);
    match tone {
        Tone::Good => cell.fg(Color::Green),
        Tone::Waiting => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
        Tone::Over => cell.add_attribute(Attribute::Dim),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples::{narrow, painted, screen, shown};

    fn table(page: &mut Page<'_>) -> io::Result<()> {
        let rows = [
            vec![state(Tone::Good, "active"), Cell::new("a short text")],
            vec![
                state(Tone::Over, "expired"),
                Cell::new("a text that is longer than what is left of the line"),
            ],
        ];
        page.table([heading("State").whole(), heading("Text")], rows)
    }

    #[test]
    fn on_a_terminal_a_row_takes_one_line_and_wide_cells_are_cut() {
        let text = shown(&narrow(30), table);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 30), "{text}");
        assert!(text.contains('…') && text.contains("expired"), "{text}");
    }

    #[test]
    fn in_a_file_nothing_is_cut_and_nothing_is_coloured() {
        let text = shown(&screen(), table);
        assert!(
            text.contains("what is left of the line") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn colours_are_there_when_they_are_wanted() {
        let text = shown(&painted(), table);
        assert!(text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn long_facts_go_on_below_themselves() {
        let text = shown(&narrow(30), |page| {
            page.facts(
                Facts::new()
                    .with("Why", "because it is of use to everybody who asks")
                    .with("Empty", ""),
            )
        });
        assert!(text.lines().count() > 1 && text.contains("who asks"), "{text}");
        assert!(
            text.lines().skip(1).all(|line| line.starts_with("     ")),
            "{text}"
        );
        assert!(!text.contains("Empty"), "{text}");
    }
}
