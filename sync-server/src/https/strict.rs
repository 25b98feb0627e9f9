//! Reading a JSON body strictly: every member is named, every fault is found and told with its JSON
//! pointer (RFC 6901).
//!
//! A [`Node`] is one value and where it stands. Its methods give what was asked for, or note a fault
//! and give nothing; in the end [`Faults::unless_any`] turns them into one answer.

use std::{cell::RefCell, collections::BTreeMap, ops::RangeInclusive, str::FromStr};

use serde_json::{Value as Json, json};

use super::{
    limits,
    problem::{Code, Problem},
};

/// Most faults that one answer lists.
const FAULTS_MAX: usize = 32;

/// What is wrong with one request.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<Fault>>);

#[derive(Debug)]
struct Fault {
    pointer: String,
    code: Code,
    message: String,
}

impl Faults {
    /// Notes a fault.
    pub(super) fn note(&self, pointer: impl Into<String>, code: Code, message: impl Into<String>) {
        let mut faults = self.0.borrow_mut();
        if faults.len() < FAULTS_MAX {
            faults.push(Fault {
                pointer: pointer.into(),
                code,
                message: message.into(),
            });
        }
    }

    /// The value that was read, unless a fault was found on the way.
    pub(super) fn unless_any<T>(self, value: Option<T>) -> Result<T, Problem> {
        let faults = self.0.into_inner();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(problem_of(&faults)),
        }
    }
}

/// One problem for all faults: under their common code, or as `invalid_request` when they differ.
fn problem_of(faults: &[Fault]) -> Problem {
    let Some(first) = faults.first() else {
        return Problem::plain(Code::InvalidRequest);
    };
    let common = faults.iter().all(|fault| fault.code == first.code);
    let code = if common { first.code } else { Code::InvalidRequest };
    let errors: Vec<Json> = faults
        .iter()
        .map(|f| json!({ "pointer": f.pointer, "code": f.code.name(), "message": f.message }))
        .collect();
    Problem::new(code, format!("{}: {}", first.pointer, first.message)).with("errors", errors)
}

/// One value of a body and where it stands.
#[derive(Clone)]
pub(super) struct Node<'a> {
    value: &'a Json,
    pointer: String,
    faults: &'a Faults,
}

/// The members of an object, each of which is to be taken once.
pub(super) struct Members<'a> {
    left: BTreeMap<&'a str, &'a Json>,
    pointer: String,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// The whole body.
    pub(super) fn root(value: &'a Json, faults: &'a Faults) -> Self {
        Self {
            value,
            pointer: "#".to_owned(),
            faults,
        }
    }

    /// Notes that this value is not as it must be.
    pub(super) fn fault<T>(&self, code: Code, message: impl Into<String>) -> Option<T> {
        self.faults.note(self.pointer.as_str(), code, message);
        None
    }

    fn invalid<T>(&self, message: impl Into<String>) -> Option<T> {
        self.fault(Code::InvalidRequest, message)
    }

    /// An object.
    pub(super) fn members(&self) -> Option<Members<'a>> {
        let Json::Object(map) = self.value else {
            return self.invalid("must be an object");
        };
        Some(Members {
            left: map.iter().map(|(name, value)| (name.as_str(), value)).collect(),
            pointer: self.pointer.clone(),
            faults: self.faults,
        })
    }

    /// A list of at least one and at most `most` values.
    pub(super) fn list(&self, most: usize) -> Option<Vec<Self>> {
        match self.value {
            Json::Array(values) if (1..=most).contains(&values.len()) => Some(
                values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| self.below(&at.to_string(), value))
                    .collect(),
            ),
            _ => self.invalid(format!("must be a list of 1 to {most} values")),
        }
    }

    /// A text of at least one and at most `most` characters, not blank.
    pub(super) fn text(&self, most: usize) -> Option<&'a str> {
        match self.value {
            Json::String(text) if !text.trim().is_empty() && text.chars().count() <= most => Some(text),
            _ => self.invalid(format!("must be a text of 1 to {most} characters")),
        }
    }

    /// A whole number in a range.
    pub(super) fn whole(&self, range: RangeInclusive<u32>) -> Option<u32> {
        self.value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| range.contains(number))
            .or_else(|| {
                self.invalid(format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                ))
            })
    }

    /// True or false.
    pub(super) fn flag(&self) -> Option<bool> {
        self.value
            .as_bool()
            .or_else(|| self.invalid("must be true or false"))
    }

    /// A text that reads as a `T`.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&self, code: Code) -> Option<T> {
        match self.text(limits::TOKEN_CHARS_MAX)?.parse() {
            Ok(value) => Some(value),
            Err(error) => self.fault(code, error.to_string()),
        }
    }

    /// One of a few words, each with its meaning.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let meant = self
            .value
            .as_str()
            .and_then(|word| words.iter().find(|(name, _)| *name == word));
        meant.map(|(_, meaning)| *meaning).or_else(|| {
            let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
            self.invalid(format!("must be one of {}", names.join(", ")))
        })
    }

    /// Any JSON, as it is.
    pub(super) fn json(&self) -> &'a Json {
        self.value
    }

    fn below(&self, name: &str, value: &'a Json) -> Self {
        Self {
            value,
            pointer: pointer_below(&self.pointer, name),
            faults: self.faults,
        }
    }
}

impl<'a> Members<'a> {
    /// A member that may be absent or null.
    pub(super) fn optional(&mut self, name: &'a str) -> Option<Node<'a>> {
        let value = self.left.remove(name).filter(|value| !value.is_null())?;
        Some(Node {
            value,
            pointer: pointer_below(&self.pointer, name),
            faults: self.faults,
        })
    }

    /// A member that must be there.
    pub(super) fn required(&mut self, name: &'a str) -> Option<Node<'a>> {
        let node = self.optional(name);
        if node.is_none() {
            let pointer = pointer_below(&self.pointer, name);
            self.faults.note(pointer, Code::InvalidRequest, "is required");
        }
        node
    }

    /// A member of the contract that this server cannot honour yet: absent or null is fine.
    pub(super) fn not_offered(&mut self, name: &'a str, message: &str) {
        if let Some(node) = self.optional(name) {
            node.invalid::<()>(message);
        }
    }

    /// Every member with its name; for objects whose names the caller chooses.
    pub(super) fn into_each(self) -> impl Iterator<Item = (&'a str, Node<'a>)> {
        let Self {
            left,
            pointer,
            faults,
        } = self;
        left.into_iter().map(move |(name, value)| {
            let pointer = pointer_below(&pointer, name);
            (
                name,
                Node {
                    value,
                    pointer,
                    faults,
                },
            )
        })
    }

    /// Whatever was not taken is unknown.
    pub(super) fn finish(self) {
        for name in self.left.keys() {
            let pointer = pointer_below(&self.pointer, name);
            self.faults
                .note(pointer, Code::UnknownField, "there is no such field here");
        }
    }
}

/// The pointer of a member, its name escaped and, as it is the caller's text, shortened.
fn pointer_below(pointer: &str, name: &str) -> String {
    let shown: String = name.chars().take(limits::ECHO_CHARS_MAX).collect();
    format!("{pointer}/{}", shown.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use vault_wire::id::CallId;

    use super::*;

    fn answer_of(problem: &Problem) -> Json {
        serde_json::from_slice(&problem.to_json(CallId([0; 16]))).unwrap()
    }

    fn read(body: &Json) -> Result<(String, u32), Problem> {
        let faults = Faults::default();
        let value = Node::root(body, &faults).members().and_then(|mut members| {
            let name = members.required("name").and_then(|node| node.text(5));
            let size = members.required("size").and_then(|node| node.whole(1..=9));
            members.finish();
            Some((name?.to_owned(), size?))
        });
        faults.unless_any(value)
    }

    #[test]
    fn a_sound_body_is_read() {
        assert_eq!(
            read(&json!({"name": "abc", "size": 3})).unwrap(),
            ("abc".into(), 3)
        );
    }

    #[test]
    fn every_fault_is_told_with_its_pointer() {
        let problem = read(&json!({"name": "too long", "shoe/size": 1})).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidRequest);
        let errors = answer_of(&problem)["errors"].clone();
        assert_eq!(errors[0]["pointer"], "#/name");
        assert_eq!(
            errors[1],
            json!({"pointer": "#/size", "code": "invalid_request", "message": "is required"})
        );
        assert_eq!(errors[2]["pointer"], "#/shoe~1size");
        assert_eq!(errors[2]["code"], "unknown_field");
    }

    #[test]
    fn faults_of_one_kind_give_the_problem_their_code() {
        let problem = read(&json!({"name": "abc", "size": 3, "brnad": 1})).unwrap_err();
        assert_eq!(problem.code(), Code::UnknownField);
    }

    #[test]
    fn neither_many_faults_nor_long_names_make_the_answer_long() {
        let body = Json::Object(
            (0..5_000)
                .map(|n| (format!("{n}{}", "x".repeat(500)), Json::Null))
                .collect(),
        );
        let problem = read(&body).unwrap_err();
        assert!(problem.to_json(CallId([0; 16])).len() < 8_192);
    }

    #[test]
    fn a_body_that_is_no_object_is_a_fault() {
        for body in [json!(null), json!([]), json!("text"), json!(1)] {
            assert_eq!(read(&body).unwrap_err().code(), Code::InvalidRequest);
        }
    }

    #[test]
    fn numbers_out_of_range_negative_or_broken_are_faults() {
        for size in [
            json!(0),
            json!(10),
            json!(-1),
            json!(1.5),
            json!(1e300),
            json!("3"),
        ] {
            assert!(read(&json!({"name": "abc", "size": size})).is_err());
        }
    }
}
