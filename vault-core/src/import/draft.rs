//! What an importer yields, and how a draft gets the hash by which a second import knows it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use sha2::{Digest as _, Sha256};
use vault_wire::{catalogue::Category, time::Timestamp, value::Value};

/// One record as a file gives it: nothing invented, nothing lost that the catalogue can hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What kind of data it is.
    pub category: Category,
    /// When it happened; absent if the file does not say.
    pub occurred_at: Option<Timestamp>,
    /// Its fields by dotted leaf path of the catalogue, each of the kind that the catalogue asks for.
    pub fields: BTreeMap<String, Value>,
    /// SHA-256 over the content and over how often the same content came before it in this file.
    /// Equal rows of one file differ by it; the same rows of a second export do not.
    pub dedup: [u8; 32],
    /// The line of the file where it begins, from 1.
    pub place: u64,
}

/// A row, point or object of a file that cannot become a record. The rest of the file goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line of the file where it begins, from 1.
    pub place: u64,
    /// What is wrong and what would be accepted. It names fields and columns, never their content.
    pub reason: String,
}

/// What an importer found next.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A record.
    Draft(Draft),
    /// Something that cannot become one.
    Rejected(Rejected),
}

impl Item {
    /// Something at that line that cannot become a record.
    pub(super) fn rejected(place: u64, reason: impl Into<String>) -> Self {
        Self::Rejected(Rejected {
            place,
            reason: reason.into(),
        })
    }
}

/// Checks drafts against the catalogue and hashes them. Its memory grows with the number of
/// different records in the file (some 60 bytes each), not with their size.
pub(super) struct Drafter {
    seen: HashMap<[u8; 16], u32>,
    currency: Option<String>,
}

/// Separates these hashes from any other.
const LABEL: &[u8] = b"vault/import/1";

impl Drafter {
    /// `currency` is that of amounts whose file names none; without it they are in `XXX`.
    pub(super) fn new(currency: Option<String>) -> Self {
        Self {
            seen: HashMap::new(),
            currency,
        }
    }

    /// A draft of these fields, or why there can be none. `subject` tells apart people whose data
    /// share a file; it enters the hash alone.
    pub(super) fn draft(
        &mut self,
        place: u64,
        category: Category,
        occurred_at: Option<Timestamp>,
        mut fields: BTreeMap<String, Value>,
        subject: &str,
    ) -> Item {
        if category == Category::Receipts && fields.contains_key("total_cost") {
            let currency = self.currency.as_deref().unwrap_or("XXX");
            fields
                .entry("currency".to_owned())
                .or_insert_with(|| Value::Text(currency.to_owned()));
        }
        if let Err(reason) = check(category, &fields) {
            return Item::rejected(place, reason);
        }
        let dedup = self.hash(category, occurred_at, &fields, subject);
        Item::Draft(Draft {
            category,
            occurred_at,
            fields,
            dedup,
            place,
        })
    }

    fn hash(
        &mut self,
        category: Category,
        occurred_at: Option<Timestamp>,
        fields: &BTreeMap<String, Value>,
        subject: &str,
    ) -> [u8; 32] {
        let meanings = fields
            .iter()
            .map(|(path, value)| (path.as_str(), by_meaning(value)));
        let meanings: Vec<_> = meanings.collect();
        // Our values hold no type that postcard can refuse.
        let content =
            postcard::to_stdvec(&(category.name(), occurred_at, meanings, subject)).unwrap_or_default();
        let digest: [u8; 32] = Sha256::new_with_prefix(LABEL)
            .chain_update(&content)
            .finalize()
            .into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        let before = self.seen.entry(key).or_insert(0);
        let dedup = Sha256::new_with_prefix(LABEL)
            .chain_update(digest)
            .chain_update(before.to_le_bytes())
            .finalize()
            .into();
        *before = before.saturating_add(1);
        dedup
    }
}

/// The value without what does not change its meaning: `45` is `45.00`, `-0.0` is `0.0`.
fn by_meaning(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Decimal(number) => Cow::Owned(Value::Decimal(number.normalize())),
        Value::Int(number) => Cow::Owned(Value::Decimal((*number).into())),
        Value::Float(number) => Cow::Owned(Value::Float(number + 0.0)),
        Value::List(values) => Cow::Owned(Value::List(
            values
                .iter()
                .map(|value| by_meaning(value).into_owned())
                .collect(),
        )),
        Value::Map(values) => Cow::Owned(Value::Map(
            values
                .iter()
                .map(|(name, value)| (name.clone(), by_meaning(value).into_owned()))
                .collect(),
        )),
        other => Cow::Borrowed(other),
    }
}

/// Fields without which a record of the category says nothing.
const fn essential(category: Category) -> &'static [&'static str] {
    match category {
        Category::Locations => &["lat", "lon"],
        Category::Health => &["metric", "value"],
        _ => &[],
    }
}

fn check(category: Category, fields: &BTreeMap<String, Value>) -> Result<(), String> {
    for (path, value) in fields {
        let kind = category.spec().kind_of(path).ok_or_else(|| {
            format!(
                "{category} has no field {path:?}; it has {}",
                field_names(category)
            )
        })?;
        if !kind.accepts(value) {
            return Err(format!("{path}: {} is expected", kind.expected()));
        }
    }
    if let Some(missing) = essential(category)
        .iter()
        .find(|path| !fields.contains_key(**path))
    {
        return Err(format!("{missing} is missing; {category} needs it"));
    }
    if fields.is_empty() {
        return Err(format!(
            "no field of {category} is given; it has {}",
            field_names(category)
        ));
    }
    Ok(())
}

fn field_names(category: Category) -> String {
    let names: Vec<_> = category.spec().leaves().map(|(path, _)| path).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coffee(price: &str) -> BTreeMap<String, Value> {
        [
            ("brand".to_owned(), Value::Text("Café".into())),
            ("total_cost".to_owned(), Value::Decimal(price.parse().unwrap())),
        ]
        .into()
    }

    fn hash(drafter: &mut Drafter, price: &str, subject: &str) -> [u8; 32] {
        match drafter.draft(1, Category::Receipts, None, coffee(price), subject) {
            Item::Draft(draft) => draft.dedup,
            Item::Rejected(rejected) => panic!("{}", rejected.reason),
        }
    }

    #[test]
    fn two_equal_coffees_stay_two_and_a_second_import_knows_both() {
        let mut first = Drafter::new(None);
        let mut second = Drafter::new(None);
        let (a, b) = (hash(&mut first, "3.20", ""), hash(&mut first, "3.20", ""));
        assert_ne!(a, b);
        assert_eq!(
            [a, b],
            [hash(&mut second, "3.2", ""), hash(&mut second, "3.200", "")]
        );
    }

    #[test]
    fn people_who_share_a_file_are_told_apart() {
        let mut drafter = Drafter::new(None);
        assert_ne!(hash(&mut drafter, "1", "Ana"), hash(&mut drafter, "1", "Bor"));
    }

    #[test]
    fn an_amount_without_a_currency_is_in_the_one_given_or_in_none() {
        for (given, expected) in [(None, "XXX"), (Some("EUR".to_owned()), "EUR")] {
            let item = Drafter::new(given).draft(1, Category::Receipts, None, coffee("1"), "");
            let Item::Draft(draft) = item else {
                panic!("rejected")
            };
            assert_eq!(draft.fields["currency"], Value::Text(expected.into()));
        }
    }

    #[test]
    fn a_rejection_names_the_field_and_what_it_takes_but_not_what_it_held() {
        let fields = [
            ("lat".to_owned(), Value::Float(91.25)),
            ("lon".to_owned(), Value::Float(0.0)),
        ];
        let item = Drafter::new(None).draft(7, Category::Locations, None, fields.into(), "");
        let Item::Rejected(rejected) = item else {
            panic!("accepted")
        };
        assert_eq!(rejected.place, 7);
        assert!(rejected.reason.contains("lat") && rejected.reason.contains("-90 to 90"));
        assert!(!rejected.reason.contains("91.25"));
    }

    #[test]
    fn a_location_without_a_longitude_is_none() {
        let fields = [("lat".to_owned(), Value::Float(46.0))].into();
        let item = Drafter::new(None).draft(1, Category::Locations, None, fields, "");
        assert!(matches!(item, Item::Rejected(rejected) if rejected.reason.contains("lon is missing")));
    }
}
