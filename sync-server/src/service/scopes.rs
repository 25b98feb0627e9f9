//! What a credential may call. Independent of what a data subject allows: both must pass.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use vault_wire::catalogue::Category;

const PLAIN: [&str; 9] = [
    "consent:request",
    "consent:read",
    "grants:read",
    "grants:release",
    "webhooks:manage",
    "audit:read",
    "erasure:attest",
    "apps:manage",
    "keys:manage",
];
const EVERYTHING: &str = "*";
const ALL_DATA: &str = "data:*:read";

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(BTreeSet<String>);

/// A scope that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope `{name}`; there are {}, {ALL_DATA}, data:<category>:read and {EVERYTHING}", PLAIN.join(", "))]
pub struct UnknownScope {
    /// What was named.
    pub name: String,
}

impl Scopes {
    /// The set of the named scopes.
    ///
    /// # Errors
    ///
    /// [`UnknownScope`] names the first that does not exist.
    pub fn parse<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, UnknownScope> {
        let known = |name: S| {
            let name = name.as_ref();
            if is_scope(name) {
                Ok(name.to_owned())
            } else {
                Err(UnknownScope {
                    name: name.chars().take(64).collect(),
                })
            }
        };
        names.into_iter().map(known).collect::<Result<_, _>>().map(Self)
    }

    /// The scope that reading a category needs.
    pub fn for_reading(category: Category) -> String {
        format!("data:{category}:read")
    }

    /// Whether the set allows what a scope stands for.
    pub fn allows(&self, scope: &str) -> bool {
        let has = |name| self.0.contains(name);
        has(EVERYTHING) || has(scope) || (is_data_scope(scope) && has(ALL_DATA))
    }

    /// These scopes, if this set allows each of them.
    pub fn narrowed_to(&self, wanted: Self) -> Option<Self> {
        wanted.0.iter().all(|scope| self.allows(scope)).then_some(wanted)
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" "))
    }
}

fn is_scope(name: &str) -> bool {
    name == EVERYTHING || name == ALL_DATA || PLAIN.contains(&name) || is_data_scope(name)
}

fn is_data_scope(name: &str) -> bool {
    name.strip_prefix("data:")
        .and_then(|rest| rest.strip_suffix(":read"))
        .is_some_and(|category| category.parse::<Category>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_data_allows_every_category_and_nothing_else() {
        let scopes = Scopes::parse([ALL_DATA]).unwrap();
        assert!(scopes.allows("data:receipts:read") && scopes.allows(ALL_DATA));
        assert!(!scopes.allows("consent:request") && !scopes.allows(EVERYTHING));
    }

    #[test]
    fn a_token_gets_no_scope_that_its_key_lacks() {
        let key = Scopes::parse(["data:*:read", "consent:read"]).unwrap();
        let wanted = Scopes::parse(["data:health:read"]).unwrap();
        assert_eq!(key.narrowed_to(wanted.clone()), Some(wanted));
        assert_eq!(key.narrowed_to(Scopes::parse(["consent:request"]).unwrap()), None);
        assert_eq!(key.narrowed_to(Scopes::parse(["*"]).unwrap()), None);
    }

    #[test]
    fn an_unknown_scope_is_named() {
        let error = Scopes::parse(["consent:read", "data:shoes:read"]).unwrap_err();
        assert_eq!(error.name, "data:shoes:read");
    }
}
