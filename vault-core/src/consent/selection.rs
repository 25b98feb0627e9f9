//! What the owner agrees to, starting from what was asked or from what a grant has. It can only shrink.

use vault_wire::{
    catalogue::{Category, Precision},
    request::ConsentRequest,
    terms::{Detail, Duration, Terms, TimeRange},
    time::Timestamp,
};

use super::grant::Grant;
use crate::error::Error;

/// The part of a consent request that the owner agrees to, or of a running grant that is to be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    terms: Terms,
}

impl Selection {
    /// All that was asked.
    pub fn everything(request: &ConsentRequest) -> Self {
        Self {
            terms: request.terms.clone(),
        }
    }

    /// All that a running grant has.
    pub fn all_of(grant: &Grant) -> Self {
        Self::of_terms(grant.terms.clone())
    }

    /// Just these terms.
    pub const fn of_terms(terms: Terms) -> Self {
        Self { terms }
    }

    /// Leaves a category out.
    pub fn without(mut self, category: Category) -> Result<Self, Error> {
        self.detail(category)?;
        self.terms.details.retain(|detail| detail.category != category);
        Ok(self)
    }

    /// Keeps only these fields of a category; a parent path stands for all below it.
    pub fn only_fields(mut self, category: Category, paths: &[&str]) -> Result<Self, Error> {
        let spec = category.spec();
        let mut kept = Vec::new();
        for path in paths {
            match spec.expand(path) {
                leaves if leaves.is_empty() => {
                    return Err(Error::InvalidSelection(
                        "it names a field that the category does not have",
                    ));
                }
                leaves => kept.extend(leaves),
            }
        }
        let detail = self.detail(category)?;
        if !paths.iter().all(|path| {
            spec.expand(path)
                .iter()
                .any(|leaf| detail.fields.contains_key(*leaf))
        }) {
            return Err(Error::InvalidSelection("it names a field that was not asked for"));
        }
        detail.fields.retain(|path, _| kept.contains(&path.as_str()));
        Ok(self)
    }

    /// Makes a field coarser.
    pub fn at_precision(
        mut self,
        category: Category,
        path: &str,
        precision: Precision,
    ) -> Result<Self, Error> {
        if !category.spec().precisions(path).contains(&precision) {
            return Err(Error::InvalidSelection(
                "the field cannot be shared at this precision",
            ));
        }
        let asked = self.detail(category)?.fields.get_mut(path);
        let asked = asked.ok_or(Error::InvalidSelection("it names a field that was not asked for"))?;
        if !precision.at_most(*asked) {
            return Err(Error::InvalidSelection("the precision is finer than was asked"));
        }
        *asked = precision;
        Ok(self)
    }

    /// Keeps only records of a time.
    pub fn within_time(mut self, category: Category, range: TimeRange) -> Result<Self, Error> {
        let asked = &mut self.detail(category)?.time_range;
        let later = |ours: Option<Timestamp>, theirs: Option<Timestamp>| ours.max(theirs);
        let earlier = |ours: Option<Timestamp>, theirs: Option<Timestamp>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        *asked = TimeRange {
            from: later(range.from, asked.from),
            to: earlier(range.to, asked.to),
        };
        Ok(self)
    }

    /// Lets the grant end earlier.
    pub fn until(mut self, expires_at: Timestamp) -> Result<Self, Error> {
        match self.terms.duration {
            Duration::TimeBound(asked) if expires_at > asked => {
                return Err(Error::InvalidSelection("it ends later than was asked"));
            }
            Duration::OneTime => return Err(Error::InvalidSelection("a one-time grant ends with its read")),
            Duration::TimeBound(_) | Duration::UntilWithdrawn => {
                self.terms.duration = Duration::TimeBound(expires_at);
            }
        }
        Ok(self)
    }

    /// The terms that the owner agrees to.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The terms as the answer to a request: within what was asked, and with what is required.
    pub(crate) fn answering(&self, request: &ConsentRequest) -> Result<Terms, Error> {
        let terms = self.within(&request.terms)?;
        match request.lacks(&terms) {
            None => Ok(terms),
            Some((category, field)) => Err(Error::RequiredField {
                category,
                field: field.to_owned(),
            }),
        }
    }

    /// The terms, once they are sure to allow something and no more than `most`.
    pub(crate) fn within(&self, most: &Terms) -> Result<Terms, Error> {
        if !self.terms.well_formed() {
            return Err(Error::InvalidSelection(
                "it leaves nothing: reject the request or withdraw the grant instead",
            ));
        }
        if !self.terms.within(most) {
            return Err(Error::InvalidSelection(
                "it allows more than was asked or is granted",
            ));
        }
        Ok(self.terms.clone())
    }

    fn detail(&mut self, category: Category) -> Result<&mut Detail, Error> {
        let found = self
            .terms
            .details
            .iter_mut()
            .find(|detail| detail.category == category);
        found.ok_or(Error::InvalidSelection(
            "it names a category that was not asked for",
        ))
    }
}
