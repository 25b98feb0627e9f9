//! Reading fields one after the other, never past the end.

/// What is left of some bytes. Integers are little-endian.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(super) fn u8(&mut self) -> Option<usize> {
        self.array().map(|bytes| u8::from_le_bytes(bytes).into())
    }

    pub(super) fn u16(&mut self) -> Option<usize> {
        self.array().map(|bytes| u16::from_le_bytes(bytes).into())
    }

    /// As a length: what does not fit into memory does not fit into the bytes that are left either.
    pub(super) fn u32(&mut self) -> Option<usize> {
        self.array()
            .and_then(|bytes| u32::from_le_bytes(bytes).try_into().ok())
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}
