//! Reading a query string strictly, like a body: every parameter once, none unknown.

use std::{collections::BTreeMap, str::FromStr};

use axum::{extract::Query as Form, http::Uri};

use super::{
    limits,
    problem::{Code, Problem},
    strict::Faults,
};

/// The parameters of a request, each of which is to be taken once.
#[derive(Debug)]
pub(super) struct Query {
    left: BTreeMap<String, String>,
    faults: Faults,
}

impl Query {
    /// The parameters of an address.
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let Form(pairs) = Form::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::new(Code::InvalidRequest, "The query is not form-urlencoded."))?;
        let faults = Faults::default();
        let mut left = BTreeMap::new();
        for (name, value) in pairs {
            if left.insert(name, value).is_some() {
                faults.note("?", Code::InvalidRequest, "a parameter stands here twice");
            }
        }
        Ok(Self { left, faults })
    }

    /// A parameter as it stands; an empty one counts as absent.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.left.remove(name).filter(|value| !value.is_empty())
    }

    /// A parameter that reads as a `T`.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&mut self, name: &str, code: Code) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(name, code, error.to_string());
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let given = self.text(name)?;
        let meant = words.iter().find(|(word, _)| *word == given);
        if meant.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.fault(
                name,
                Code::InvalidRequest,
                format!("must be one of {}", known.join(", ")),
            );
        }
        meant.map(|(_, meaning)| *meaning)
    }

    /// How many rows the caller wants in one page.
    pub(super) fn limit(&mut self) -> u32 {
        let Some(given) = self.text("limit") else {
            return limits::PAGE_ROWS_DEFAULT;
        };
        let rows = given
            .parse()
            .ok()
            .filter(|rows| (1..=limits::PAGE_ROWS_MAX).contains(rows));
        rows.unwrap_or_else(|| {
            let message = format!("must be a whole number from 1 to {}", limits::PAGE_ROWS_MAX);
            self.fault("limit", Code::InvalidRequest, message);
            limits::PAGE_ROWS_DEFAULT
        })
    }

    /// Notes that a parameter is not as it must be.
    pub(super) fn fault(&self, name: &str, code: Code, message: impl Into<String>) {
        self.faults.note(format!("?{name}"), code, message);
    }

    /// The value that was read, unless a parameter is wrong or unknown.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Problem> {
        for name in self.left.keys() {
            let shown: String = name.chars().take(limits::ECHO_CHARS_MAX).collect();
            self.fault(&shown, Code::UnknownField, "there is no such parameter here");
        }
        self.faults.unless_any(Some(value))
    }
}
