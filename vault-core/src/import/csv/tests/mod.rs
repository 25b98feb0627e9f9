//! Tables as people have them.

mod activity;
mod mapping;
mod receipts;
mod rows;

use vault_wire::value::Value;

use crate::import::{Category, DayOrder, Draft, ImportError, ImportOptions, Item, Rejected, open};

struct Read {
    drafts: Vec<Draft>,
    rejected: Vec<Rejected>,
    ignored: Vec<String>,
    assumed: Option<DayOrder>,
}

fn read_with(file: &str, options: &ImportOptions) -> Result<Read, ImportError> {
    let mut reader = open(file.as_bytes(), None, options)?;
    let (mut drafts, mut rejected) = (Vec::new(), Vec::new());
    for item in reader.by_ref() {
        match item? {
            Item::Draft(draft) => drafts.push(draft),
            Item::Rejected(one) => rejected.push(one),
        }
    }
    let ignored = reader.ignored_columns().to_vec();
    Ok(Read {
        drafts,
        rejected,
        ignored,
        assumed: reader.assumed_day_order(),
    })
}

fn read(file: &str) -> Read {
    read_with(file, &ImportOptions::default()).unwrap()
}

fn mapped(map: &str) -> ImportOptions {
    ImportOptions {
        map: Some(map.parse().unwrap()),
        ..ImportOptions::default()
    }
}

fn text(draft: &Draft, path: &str) -> String {
    match draft.fields.get(path) {
        None => "absent".into(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Decimal(number)) => number.to_string(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    }
}

fn time(draft: &Draft) -> String {
    draft.occurred_at.map_or("absent".into(), |at| at.to_string())
}
