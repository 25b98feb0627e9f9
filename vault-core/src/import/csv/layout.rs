//! What each column of a table means.

use std::collections::BTreeMap;

use vault_wire::catalogue::{Category, Kind};

use super::{
    super::{
        error::ImportError,
        numbers::Mark,
        text::{plain, shortened},
    },
    cell,
    mapping::{From, Mapping, MappingError},
    metrics::{self, Metric},
    profile::{self, Need, PROFILES, Profile},
    rows::Row,
};

/// The columns of a table and their meaning.
pub(super) struct Layout {
    pub(super) category: Category,
    pub(super) columns: Vec<Column>,
    /// Fields that the mapping gives every row.
    pub(super) texts: BTreeMap<String, vault_wire::value::Value>,
    /// How many columns the header has.
    pub(super) width: usize,
    names: Vec<Name>,
}

/// One column that means something.
pub(super) struct Column {
    pub(super) index: usize,
    pub(super) meaning: Meaning,
    /// The name in the header.
    pub(super) name: String,
    /// The currency in the header, as in `Amount (EUR)`.
    pub(super) currency: Option<String>,
    /// Whether the owner said what it means.
    pub(super) is_mapped: bool,
    /// How its numbers are written.
    pub(super) mark: Mark,
}

/// What a column means.
#[derive(Clone, Copy)]
pub(super) enum Meaning {
    /// The moment, or its date.
    Time,
    /// The time of day that belongs to the date.
    TimeOfDay,
    /// A field of the catalogue.
    Field(&'static str, Kind),
    /// Money out (`debit`) or in (`credit`).
    Paid(&'static str),
    /// What is left on the account.
    Balance,
    /// A measurement; each row gives one record of it.
    Metric(&'static Metric),
    /// Whose row it is.
    Subject,
}

/// A name in the header.
struct Name {
    text: String,
    plain: String,
    currency: Option<String>,
}

const NAME_CHARS_MAX: usize = 200;

impl Layout {
    /// What the columns of this header mean.
    ///
    /// # Errors
    ///
    /// No kind of table has such columns, or the mapping does not fit them.
    pub(super) fn of(
        header: &Row,
        category: Option<Category>,
        map: Option<&Mapping>,
    ) -> Result<Self, ImportError> {
        let names: Vec<_> = header.cells().map(|cell| Name::of(&cell)).collect();
        if let Some(category) = map.and_then(|map| map.category).or(category)
            && let Some(profile) = Profile::of(category)
        {
            map.map_or(Ok(()), |map| map.check(category))?;
            let layout = Self::by(profile, &names, map)?;
            return if layout.says_something() {
                Ok(layout)
            } else {
                Err(unknown(&names))
            };
        }
        let mut best: Option<Self> = None;
        for profile in PROFILES
            .iter()
            .filter(|p| map.is_none_or(|map| map.check(p.category).is_ok()))
        {
            let layout = Self::by(profile, &names, map)?;
            let is_better = best
                .as_ref()
                .is_none_or(|best| layout.columns.len() > best.columns.len());
            if layout.has_all_of(profile.needs) && is_better {
                best = Some(layout);
            }
        }
        best.ok_or_else(|| unknown(&names))
    }

    /// The names of the columns that mean nothing to us.
    pub(super) fn ignored(&self) -> Vec<String> {
        let means = |index| {
            self.columns
                .iter()
                .any(|c| c.index == index && !matches!(c.meaning, Meaning::Balance))
        };
        let ignored = self
            .names
            .iter()
            .enumerate()
            .filter(|(index, name)| !means(*index) && !name.text.is_empty());
        ignored.map(|(_, name)| name.text.clone()).collect()
    }

    /// Whether any column has that meaning.
    pub(super) fn any(&self, wanted: impl Fn(Meaning) -> bool) -> bool {
        self.columns.iter().any(|column| wanted(column.meaning))
    }

    /// Whether each column with measurements gives a record of its own.
    pub(super) fn is_wide(&self) -> bool {
        self.any(|meaning| matches!(meaning, Meaning::Metric(_)))
    }

    fn by(profile: &Profile, names: &[Name], map: Option<&Mapping>) -> Result<Self, ImportError> {
        let category = profile.category;
        let mut taking = Taking {
            names,
            columns: Vec::new(),
        };
        let mut texts = BTreeMap::new();
        for (leaf, kind) in category.spec().leaves() {
            let from = map.and_then(|map| map.source_of(category, leaf));
            let is_time = leaf == category.spec().time_field;
            let meaning = if is_time {
                Meaning::Time
            } else {
                Meaning::Field(leaf, kind)
            };
            match from {
                Some(From::Column(column)) => taking.take_mapped(column, meaning)?,
                Some(From::Text(text)) => {
                    let bad = || MappingError::BadText {
                        field: leaf.to_owned(),
                        expected: kind.expected(),
                    };
                    let value = cell::value(kind, text, Mark::Point).filter(|v| !is_time && kind.accepts(v));
                    texts.insert(leaf.to_owned(), value.ok_or_else(bad)?);
                }
                Some(From::Nowhere) | None => {}
            }
        }
        let is_open = |leaf| map.is_none_or(|map| map.source_of(category, leaf).is_none());
        if is_open(category.spec().time_field) {
            let own = plain(category.spec().time_field);
            taking.take_first(&format!("{own} occurredat {}", profile.time), Meaning::Time);
        }
        for (path, known) in profile.fields.iter().filter(|(path, _)| is_open(path)) {
            if let Some(kind) = category.spec().kind_of(path) {
                taking.take_first(&format!("{} {known}", plain(path)), Meaning::Field(path, kind));
            }
        }
        taking.take_beyond_the_catalogue(category);
        Ok(Self {
            category,
            columns: taking.columns,
            texts,
            width: names.len(),
            names: names.iter().map(Name::copy).collect(),
        })
    }

    fn says_something(&self) -> bool {
        self.any(|meaning| {
            matches!(
                meaning,
                Meaning::Field(..) | Meaning::Paid(_) | Meaning::Metric(_)
            )
        })
    }

    fn has_all_of(&self, needs: &[&[Need]]) -> bool {
        needs.iter().all(|group| group.iter().any(|need| self.has(*need)))
    }

    fn has(&self, need: Need) -> bool {
        match need {
            Need::Time => self.any(|meaning| matches!(meaning, Meaning::Time)),
            Need::Paid => self.any(|meaning| matches!(meaning, Meaning::Paid(_))),
            Need::Metric => self.is_wide(),
            Need::Field(wanted) => {
                self.texts.contains_key(wanted)
                    || self.any(|meaning| matches!(meaning, Meaning::Field(path, _) if path == wanted))
            }
        }
    }
}

/// The columns of a header being given their meaning, each at most one.
struct Taking<'a> {
    names: &'a [Name],
    columns: Vec<Column>,
}

impl Taking<'_> {
    fn take(&mut self, index: usize, meaning: Meaning, is_mapped: bool) {
        let name = &self.names[index];
        self.columns.push(Column {
            index,
            meaning,
            name: name.text.clone(),
            currency: name.currency.clone(),
            is_mapped,
            mark: Mark::Point,
        });
    }

    fn take_mapped(&mut self, column: &str, meaning: Meaning) -> Result<(), ImportError> {
        let exact = self.names.iter().position(|name| name.text == column.trim());
        let similar = || {
            self.names
                .iter()
                .position(|name| plain(&name.text) == plain(column))
        };
        let missing = || ImportError::MissingColumn {
            column: column.to_owned(),
            columns: self.names.iter().map(|name| name.text.clone()).collect(),
        };
        let index = exact.or_else(similar).ok_or_else(missing)?;
        self.take(index, meaning, true);
        Ok(())
    }

    /// Gives the meaning to the first free column that has one of these names, best name first.
    fn take_first(&mut self, names: &str, meaning: Meaning) {
        let free = |wanted: &str| {
            self.free()
                .find(|(_, name)| name.plain == wanted)
                .map(|(index, _)| index)
        };
        if let Some(index) = names.split_whitespace().find_map(free) {
            self.take(index, meaning, false);
        }
    }

    fn take_all(&mut self, meaning: impl Fn(&str) -> Option<Meaning>) {
        let found: Vec<_> = self
            .free()
            .filter_map(|(index, name)| Some((index, meaning(&name.plain)?)))
            .collect();
        for (index, meaning) in found {
            self.take(index, meaning, false);
        }
    }

    fn take_beyond_the_catalogue(&mut self, category: Category) {
        let has_value = self.has(|meaning| matches!(meaning, Meaning::Field("value" | "total_cost", _)));
        match category {
            Category::Receipts => {
                if !has_value {
                    self.take_first(profile::MONEY_OUT, Meaning::Paid("debit"));
                    self.take_first(profile::MONEY_IN, Meaning::Paid("credit"));
                }
                self.take_first(profile::BALANCE, Meaning::Balance);
            }
            Category::Health => {
                if !has_value {
                    self.columns
                        .retain(|column| column.is_mapped || matches!(column.meaning, Meaning::Time));
                    self.take_all(|name| metrics::named(name).map(Meaning::Metric));
                }
                self.take_first(profile::HEALTH_SUBJECT, Meaning::Subject);
            }
            _ => {}
        }
        if category != Category::Receipts {
            self.take_all(|name| profile::is_among(name, profile::SUBJECT).then_some(Meaning::Subject));
        }
        let is_date = |column: &Column| profile::is_among(&plain(&column.name), profile::DATES);
        if self
            .columns
            .iter()
            .any(|column| matches!(column.meaning, Meaning::Time) && is_date(column))
        {
            self.take_first(profile::TIME_OF_DAY, Meaning::TimeOfDay);
        }
    }

    fn has(&self, wanted: impl Fn(Meaning) -> bool) -> bool {
        self.columns.iter().any(|column| wanted(column.meaning))
    }

    fn free(&self) -> impl Iterator<Item = (usize, &Name)> {
        let is_taken = |index| self.columns.iter().any(|column| column.index == index);
        self.names
            .iter()
            .enumerate()
            .filter(move |(index, _)| !is_taken(*index))
    }
}

impl Name {
    /// A name as it stands in the header; `Amount (EUR)` is the name `amount` and a currency.
    fn of(cell: &str) -> Self {
        let text = shortened(cell.trim(), NAME_CHARS_MAX);
        let in_parentheses = text
            .strip_suffix([')', ']'])
            .and_then(|rest| rest.rsplit_once(['(', '[']));
        let is_code = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        match in_parentheses.filter(|(_, code)| is_code(code)) {
            Some((name, code)) => {
                let (plain, currency) = (plain(name), Some(code.to_owned()));
                Self {
                    text,
                    plain,
                    currency,
                }
            }
            None => Self {
                plain: plain(&text),
                text,
                currency: None,
            },
        }
    }

    fn copy(&self) -> Self {
        Self {
            text: self.text.clone(),
            plain: self.plain.clone(),
            currency: self.currency.clone(),
        }
    }
}

fn unknown(names: &[Name]) -> ImportError {
    ImportError::UnknownTable {
        columns: names.iter().map(|name| name.text.clone()).collect(),
    }
}
