//! Which fields of a category are asked for, and how exactly.

use std::collections::{BTreeMap, BTreeSet};

use vault_wire::catalogue::{Category, Kind, Precision, Spec};

use super::super::{problem::Code, strict::Node};

type Leaves = BTreeMap<&'static str, Precision>;

/// The leaves that are asked for, each with its precision. A parent stands for all its leaves.
pub(super) fn read(
    category: Category,
    asked: &[Node<'_>],
    precision: Option<Node<'_>>,
) -> Option<BTreeMap<String, Precision>> {
    let spec = category.spec();
    let mut leaves = Leaves::new();
    let mut sound = true;
    for node in asked {
        match expand(spec, node) {
            Some(below) => leaves.extend(below.into_iter().map(|leaf| (leaf, Precision::Exact))),
            None => sound = false,
        }
    }
    if !sound {
        return None;
    }
    if let Some(node) = precision {
        // By name, so that a parent comes before its leaves.
        for (path, word) in node.members()?.into_each() {
            sound &= coarsen(spec, &mut leaves, path, &word).is_some();
        }
    }
    sound.then(|| leaves.into_iter().map(|(leaf, p)| (leaf.to_owned(), p)).collect())
}

/// The required leaves, rising. A parent stands for those of its leaves that are asked for.
pub(super) fn required(
    category: Category,
    listed: &[Node<'_>],
    asked: &BTreeMap<String, Precision>,
) -> Option<Vec<String>> {
    let spec = category.spec();
    let mut required = BTreeSet::new();
    let mut sound = true;
    for node in listed {
        let below = expand(spec, node).unwrap_or_default();
        let leaves = below.into_iter().filter(|leaf| asked.contains_key(*leaf));
        let before = required.len();
        required.extend(leaves.map(str::to_owned));
        if required.len() == before {
            sound = false;
            node.fault::<()>(
                Code::InvalidFields,
                "is not among the fields that are asked for, or is named twice",
            );
        }
    }
    sound.then(|| required.into_iter().collect())
}

fn expand(spec: &Spec, node: &Node<'_>) -> Option<Vec<&'static str>> {
    let path = node.text(super::super::limits::TOKEN_CHARS_MAX)?;
    let leaves = spec.expand(path);
    if leaves.is_empty() {
        return node.fault(
            Code::InvalidFields,
            format!("{} has no such field; it has {}", spec.name, names(spec)),
        );
    }
    Some(leaves)
}

fn names(spec: &Spec) -> String {
    spec.leaves().map(|(leaf, _)| leaf).collect::<Vec<_>>().join(", ")
}

fn coarsen(spec: &Spec, leaves: &mut Leaves, path: &str, word: &Node<'_>) -> Option<()> {
    let below = spec.expand(path);
    if !below.iter().any(|leaf| leaves.contains_key(leaf)) {
        return word.fault(Code::InvalidFields, "is not among the fields that are asked for");
    }
    if below == [path] {
        let precision = word.parsed(Code::InvalidFields)?;
        return coarsen_leaf(spec, leaves, path, precision, word);
    }
    let granularity = Granularity::of(spec, &below, word)?;
    for leaf in below {
        match granularity.keeps(spec, leaf) {
            Some(precision) => {
                leaves.entry(leaf).and_modify(|asked| *asked = precision);
            }
            None => {
                leaves.remove(leaf);
            }
        }
    }
    if leaves.is_empty() {
        return word.fault(Code::InvalidFields, "leaves no field to ask for");
    }
    Some(())
}

fn coarsen_leaf(
    spec: &Spec,
    leaves: &mut Leaves,
    leaf: &str,
    precision: Precision,
    word: &Node<'_>,
) -> Option<()> {
    let offered = spec.precisions(leaf);
    if !offered.contains(&precision) {
        let names: Vec<_> = offered.iter().map(|p| p.name()).collect();
        return word.fault(
            Code::InvalidFields,
            format!("must be one of {}", names.join(", ")),
        );
    }
    let asked = leaves.get_mut(leaf)?;
    if !precision.at_most(*asked) {
        return word.fault(Code::InvalidFields, "is finer than the precision of its parent");
    }
    *asked = precision;
    Some(())
}

/// How exactly a parent is asked for. Places know more words than single fields do.
#[derive(Clone, Copy)]
enum Granularity {
    /// Everything below it.
    Exact,
    /// Coordinates on a grid; no name of a branch, and no city either once a cell is as wide as one.
    Grid(Precision),
    /// City and country.
    City,
    /// Country.
    Country,
}

impl Granularity {
    fn of(spec: &Spec, below: &[&str], word: &Node<'_>) -> Option<Self> {
        let is_place = below.iter().any(|leaf| spec.kind_of(leaf) == Some(Kind::Country));
        let words: &[(&str, Self)] = if is_place {
            &[
                ("exact", Self::Exact),
                ("100m", Self::Grid(Precision::Grid100m)),
                ("1km", Self::Grid(Precision::Grid1km)),
                ("10km", Self::Grid(Precision::Grid10km)),
                ("100km", Self::Grid(Precision::Grid100km)),
                ("city", Self::City),
                ("country", Self::Country),
            ]
        } else {
            &[("exact", Self::Exact)]
        };
        let known = words.iter().find(|(name, _)| word.json() == name);
        known.map(|(_, granularity)| *granularity).or_else(|| {
            let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
            word.fault(
                Code::InvalidFields,
                format!("must be one of {}", names.join(", ")),
            )
        })
    }

    /// At which precision a leaf stays, if it does.
    fn keeps(self, spec: &Spec, leaf: &str) -> Option<Precision> {
        let kind = spec.kind_of(leaf)?;
        let is_city = leaf.ends_with(".city");
        let is_country = kind == Kind::Country;
        match self {
            Self::Exact => Some(Precision::Exact),
            Self::Grid(grid) if matches!(kind, Kind::Latitude | Kind::Longitude) => Some(grid),
            Self::Grid(grid) if is_city && grid != Precision::Grid100km => Some(Precision::Exact),
            Self::City if is_city => Some(Precision::Exact),
            Self::Grid(_) | Self::City | Self::Country => is_country.then_some(Precision::Exact),
        }
    }
}
