//! What a durable state says about the journal.

/// How far the journal is contained in a durable state. It lies in the commit slot, so it changes in one step
/// with the state that it describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JournalMark {
    /// Which filling of the journal area follows this state. Records of an earlier one mean nothing.
    pub(crate) epoch: u64,
    /// The sequence number of the last transaction that this state contains.
    pub(crate) applied: u64,
    /// Whether nothing follows: the journal area need not be read.
    pub(crate) clean: bool,
}
