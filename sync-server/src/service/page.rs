//! A page of a listing.

/// Some of the items, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass it as `after` to get the next page; none when this is the last.
    pub next: Option<String>,
}
