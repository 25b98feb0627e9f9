//! Names of tables.

use std::borrow::Cow;

use crate::error::Error;

/// The name of a table: an ordered map from bytes to bytes.
///
/// A table comes into being when it is first opened for writing; before that it reads as empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(Cow<'static, str>);

impl Table {
    const NAME_BYTES_MAX: usize = 255;

    /// A table whose name is known when the program is written.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A table whose name is made while the program runs, such as one index for each category.
    pub fn named(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// The name, 1 to 255 bytes.
    pub fn name(&self) -> &str {
        &self.0
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if (1..=Self::NAME_BYTES_MAX).contains(&self.0.len()) {
            Ok(())
        } else {
            Err(Error::InvalidInput {
                what: "a table name has 1 to 255 bytes",
            })
        }
    }

    pub(super) fn definition(&self) -> redb::TableDefinition<'_, &'static [u8], &'static [u8]> {
        redb::TableDefinition::new(&self.0)
    }
}
