//! What an owner says about the columns of a table: `category=receipts,brand=Merchant,total_cost=Total`.

use std::str::FromStr;

use vault_wire::catalogue::{Category, UnknownCategory};

/// What the columns of a table mean, as `field=Column` pairs with commas between them.
///
/// Fields are dotted paths of the catalogue; a category's time field (`purchased_at`) and
/// `occurred_at` both mean the moment. `category=…` says what the table holds. A column whose name
/// has a comma stands in double quotes (`brand="Shop, name"`), `field:=text` gives every row the
/// same text (`metric:=heart_rate`), and `field=` leaves a field out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub(super) category: Option<Category>,
    pub(super) fields: Vec<(String, From)>,
}

/// Where a field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Column(String),
    Text(String),
    Nowhere,
}

/// A mapping that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A part is no pair.
    #[error("{part:?} is not field=Column; write for example category=receipts,brand=Shop,total_cost=Paid")]
    NotAPair {
        /// The part.
        part: String,
    },
    /// A category that the catalogue does not have.
    #[error(transparent)]
    Category(#[from] UnknownCategory),
    /// A field that the category does not have.
    #[error("{category} has no field {field:?}; it has {known}")]
    UnknownField {
        /// The category, or `the catalogue` when none was named.
        category: &'static str,
        /// The field.
        field: String,
        /// The fields there are.
        known: String,
    },
    /// One field is given two columns.
    #[error("{field} is mapped twice; one column can be its source")]
    Twice {
        /// The field.
        field: String,
    },
    /// A text for every row that the field cannot hold.
    #[error("{field}:= does not fit; {expected} is expected")]
    BadText {
        /// The field.
        field: String,
        /// What it takes.
        expected: String,
    },
}

impl Mapping {
    /// Whether every field that is mapped exists in a category.
    pub(super) fn check(&self, category: Category) -> Result<(), MappingError> {
        match self
            .fields
            .iter()
            .find(|(field, _)| leaf_of(category, field).is_none())
        {
            None => Ok(()),
            Some((field, _)) => Err(MappingError::UnknownField {
                category: category.name(),
                field: field.clone(),
                known: category
                    .spec()
                    .leaves()
                    .map(|(path, _)| path)
                    .collect::<Vec<_>>()
                    .join(", "),
            }),
        }
    }

    /// Where a leaf of a category comes from, if the mapping says so.
    pub(super) fn source_of(&self, category: Category, leaf: &str) -> Option<&From> {
        self.fields
            .iter()
            .find(|(field, _)| leaf_of(category, field) == Some(leaf))
            .map(|(_, from)| from)
    }

    fn check_somewhere(&self) -> Result<(), MappingError> {
        let is_known = |field: &str| Category::ALL.into_iter().any(|c| leaf_of(c, field).is_some());
        match self.fields.iter().find(|(field, _)| !is_known(field)) {
            None => Ok(()),
            Some((field, _)) => Err(MappingError::UnknownField {
                category: "the catalogue",
                field: field.clone(),
                known: "them by category, so say category=… too".into(),
            }),
        }
    }
}

fn leaf_of(category: Category, field: &str) -> Option<&'static str> {
    let spec = category.spec();
    let path = if field == "occurred_at" {
        spec.time_field
    } else {
        field
    };
    spec.leaves().map(|(leaf, _)| leaf).find(|leaf| *leaf == path)
}

impl FromStr for Mapping {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, MappingError> {
        let mut mapping = Self {
            category: None,
            fields: Vec::new(),
        };
        for part in parts(text) {
            let not_a_pair = || MappingError::NotAPair {
                part: part.to_owned(),
            };
            let (field, column) = part.split_once('=').ok_or_else(not_a_pair)?;
            let (field, constant) = match field.trim().strip_suffix(':') {
                Some(field) => (field.trim(), true),
                None => (field.trim(), false),
            };
            if field.is_empty() {
                return Err(not_a_pair());
            }
            let column = column.trim();
            let column = column
                .strip_prefix('"')
                .and_then(|c| c.strip_suffix('"'))
                .unwrap_or(column);
            if field == "category" {
                mapping.category = Some(column.parse()?);
                continue;
            }
            if mapping.fields.iter().any(|(taken, _)| taken == field) {
                return Err(MappingError::Twice {
                    field: field.to_owned(),
                });
            }
            let from = match (column, constant) {
                ("", _) => From::Nowhere,
                (text, true) => From::Text(text.to_owned()),
                (column, false) => From::Column(column.to_owned()),
            };
            mapping.fields.push((field.to_owned(), from));
        }
        match mapping.category {
            Some(category) => mapping.check(category)?,
            None => mapping.check_somewhere()?,
        }
        Ok(mapping)
    }
}

/// The parts between commas that stand outside double quotes.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_quotes_texts_and_gaps_are_understood() {
        let mapping: Mapping =
            r#"category=receipts, brand="Shop, name", total_cost=Paid, currency:=EUR, items="#
                .parse()
                .unwrap();
        assert_eq!(mapping.category, Some(Category::Receipts));
        let from = |leaf| mapping.source_of(Category::Receipts, leaf);
        assert_eq!(from("brand"), Some(&From::Column("Shop, name".into())));
        assert_eq!(from("currency"), Some(&From::Text("EUR".into())));
        assert_eq!(from("items"), Some(&From::Nowhere));
        assert_eq!(from("direction"), None);
    }

    #[test]
    fn the_moment_has_two_names() {
        for text in ["purchased_at=When", "occurred_at=When"] {
            let mapping: Mapping = text.parse().unwrap();
            assert_eq!(
                mapping.source_of(Category::Receipts, "purchased_at"),
                Some(&From::Column("When".into()))
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        let error = |text: &str| text.parse::<Mapping>().unwrap_err();
        assert!(matches!(error("brand"), MappingError::NotAPair { .. }));
        assert!(matches!(error("=Shop"), MappingError::NotAPair { .. }));
        assert!(matches!(error("category=recipes"), MappingError::Category(_)));
        assert!(matches!(error("brand=A,brand=B"), MappingError::Twice { .. }));
        assert!(matches!(error("colour=A"), MappingError::UnknownField { .. }));
        let message = error("category=receipts,shop=A").to_string();
        assert!(
            message.contains("\"shop\"") && message.contains("brand"),
            "{message}"
        );
    }
}
