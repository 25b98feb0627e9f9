//! The part of a body that becomes the terms: what, how long, how often.

use vault_wire::{
    catalogue::Category,
    limits,
    purpose::Purpose,
    request::Required,
    terms::{DataLife, Delivery, Detail, Duration, Frequency, Period, Terms, TimeRange},
    time::Timestamp,
};

use super::{
    super::{
        problem::Code,
        strict::{Members, Node},
    },
    fields,
};

/// Terms that do not say yet what for.
pub(super) struct Purposeless {
    details: Vec<Detail>,
    required: Vec<Required>,
    duration: Duration,
    data_life: Option<DataLife>,
    frequency: Option<Frequency>,
    delivery: Delivery,
}

impl Purposeless {
    /// The terms, and the fields without which no answer is wanted.
    pub(super) fn with_purpose(self, purpose: Purpose) -> (Terms, Vec<Required>) {
        let terms = Terms {
            purpose,
            details: self.details,
            duration: self.duration,
            data_life: self.data_life,
            frequency: self.frequency,
            delivery: self.delivery,
        };
        (terms, self.required)
    }
}

/// Takes the members that make the terms.
pub(super) fn read(members: &mut Members<'_>, now: Timestamp) -> Option<Purposeless> {
    let details = members
        .required("authorization_details")
        .and_then(|node| each_category_once(&node));
    let duration = members.required("duration").and_then(|node| duration(&node, now));
    let data_life = members.optional("data_life").map(|node| data_life(&node));
    let frequency = members.optional("frequency").map(|node| frequency(&node));
    let delivery = members
        .optional("delivery")
        .map_or(Some(Delivery::Server), |node| delivery(&node));
    let (details, required): (Vec<_>, Vec<_>) = details?.into_iter().unzip();
    Some(Purposeless {
        details,
        required: required.into_iter().flatten().collect(),
        duration: duration?,
        data_life: all_or_nothing(data_life)?,
        frequency: all_or_nothing(frequency)?,
        delivery: delivery?,
    })
}

/// Nothing if a member was there and could not be read.
fn all_or_nothing<T>(member: Option<Option<T>>) -> Option<Option<T>> {
    match member {
        Some(read) => read.map(Some),
        None => Some(None),
    }
}

/// The details by rising category, each with its required fields.
fn each_category_once(node: &Node<'_>) -> Option<Vec<(Detail, Option<Required>)>> {
    let mut details: Vec<(Detail, Option<Required>)> = Vec::new();
    let mut complete = true;
    for node in node.list(limits::DETAILS_MAX)? {
        match detail(&node) {
            Some((detail, _)) if details.iter().any(|(other, _)| other.category == detail.category) => {
                node.fault::<()>(Code::InvalidRequest, "this category stands here twice");
            }
            Some(detail) => details.push(detail),
            None => complete = false,
        }
    }
    details.sort_by_key(|(detail, _)| detail.category);
    complete.then_some(details)
}

fn detail(node: &Node<'_>) -> Option<(Detail, Option<Required>)> {
    let mut members = node.members()?;
    if let Some(kind) = members.required("type") {
        kind.one_of(&[("vault_data", ())]);
    }
    if let Some(actions) = members.optional("actions").and_then(|node| node.list(1)) {
        actions.iter().for_each(|action| {
            action.one_of(&[("read", ())]);
        });
    }
    let category = members.required("category").and_then(|node| category(&node));
    let asked = members
        .required("fields")
        .and_then(|node| node.list(limits::FIELDS_MAX));
    let precision = members.optional("precision");
    let time_range = members
        .optional("time_range")
        .map_or(Some(TimeRange::default()), |node| time_range(&node));
    members.not_offered("view", "views are not offered by this server yet");
    let required = members
        .optional("required_fields")
        .map(|node| node.list(limits::FIELDS_MAX));
    members.finish();
    let category = category?;
    let fields = fields::read(category, &asked?, precision)?;
    let required = match required {
        Some(listed) => fields::required(category, &listed?, &fields)?,
        None => Vec::new(),
    };
    let detail = Detail {
        category,
        fields,
        time_range: time_range?,
    };
    let required = (!required.is_empty()).then_some(Required {
        category,
        fields: required,
    });
    Some((detail, required))
}

fn category(node: &Node<'_>) -> Option<Category> {
    match node.parsed(Code::UnknownCategory)? {
        Category::Summaries => node.fault(Code::InvalidRequest, "views are not offered by this server yet"),
        category => Some(category),
    }
}

fn time_range(node: &Node<'_>) -> Option<TimeRange> {
    let mut members = node.members()?;
    let mut moment = |name| {
        all_or_nothing(
            members
                .optional(name)
                .map(|node| node.parsed::<Timestamp>(Code::InvalidRequest)),
        )
    };
    let (from, to) = (moment("from"), moment("to"));
    members.finish();
    let (from, to) = (from?, to?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return node.fault(Code::InvalidRequest, "`from` must be before `to`");
    }
    Some(TimeRange { from, to })
}

fn duration(node: &Node<'_>, now: Timestamp) -> Option<Duration> {
    #[derive(Clone, Copy)]
    enum Type {
        OneTime,
        TimeBound,
        UntilWithdrawn,
    }
    let mut members = node.members()?;
    let duration = match members.required("type")?.one_of(&[
        ("one_time", Type::OneTime),
        ("time_bound", Type::TimeBound),
        ("until_withdrawn", Type::UntilWithdrawn),
    ])? {
        Type::OneTime => Some(Duration::OneTime),
        Type::UntilWithdrawn => Some(Duration::UntilWithdrawn),
        Type::TimeBound => members
            .required("expires_at")
            .and_then(|node| later_than(&node, now))
            .map(Duration::TimeBound),
    };
    members.finish();
    duration
}

fn later_than(node: &Node<'_>, now: Timestamp) -> Option<Timestamp> {
    let moment = node.parsed::<Timestamp>(Code::InvalidRequest)?;
    if moment <= now {
        return node.fault(Code::InvalidRequest, format!("must be after now, {now}"));
    }
    Some(moment)
}

/// A month counts as 30 days, a year as 365.
fn data_life(node: &Node<'_>) -> Option<DataLife> {
    const DAYS_MAX: u32 = 36_500;
    let mut members = node.members()?;
    let unit = members
        .required("unit")
        .and_then(|node| node.one_of(&[("day", 1), ("month", 30), ("year", 365)]));
    let value = members.required("value");
    let days = unit
        .zip(value)
        .and_then(|(unit, node)| Some(unit * node.whole(1..=DAYS_MAX / unit)?));
    members.finish();
    days.map(|days| DataLife { days })
}

fn frequency(node: &Node<'_>) -> Option<Frequency> {
    let mut members = node.members()?;
    let max_reads = members
        .required("max_reads")
        .and_then(|node| node.whole(1..=1_000_000));
    let per = members
        .required("per")
        .and_then(|node| node.one_of(&Period::ALL.map(|period| (period.name(), period))));
    members.finish();
    Some(Frequency {
        max_reads: max_reads?,
        per: per?,
    })
}

fn delivery(node: &Node<'_>) -> Option<Delivery> {
    node.one_of(&[("server", Delivery::Server), ("sealed", Delivery::Sealed)])
}
