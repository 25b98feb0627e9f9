//! What ends by itself, as keys of one table that sorts by time.

use vault_wire::{
    id::{GrantId, RequestId, VaultId},
    time::Timestamp,
};

use super::tables::{moment, moment_of};

/// Something that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// A consent request lapses.
    Request(VaultId, RequestId),
    /// A grant's time is over.
    Grant(VaultId, GrantId),
    /// A session token, by its hash, lapses.
    Token([u8; 32]),
    /// A link code, by its hash, lapses.
    LinkCode([u8; 32]),
}

impl Deadline {
    /// Its key in the table of deadlines.
    pub(crate) fn key(self, at: Timestamp) -> Vec<u8> {
        let mut key = moment(at).to_vec();
        match self {
            Self::Request(vault, request) => {
                key.push(0);
                key.extend(vault.as_bytes());
                key.extend(request.as_bytes());
            }
            Self::Grant(vault, grant) => {
                key.push(1);
                key.extend(vault.as_bytes());
                key.extend(grant.as_bytes());
            }
            Self::Token(hash) => {
                key.push(2);
                key.extend(hash);
            }
            Self::LinkCode(hash) => {
                key.push(3);
                key.extend(hash);
            }
        }
        key
    }

    /// What a key of the table says.
    pub(crate) fn parse(key: &[u8]) -> Option<(Timestamp, Self)> {
        let (at, rest) = key.split_first_chunk::<8>()?;
        let (kind, rest) = rest.split_first()?;
        let hash: [u8; 32] = rest.try_into().ok()?;
        let (vault, id) = rest.split_first_chunk::<16>()?;
        let id: [u8; 16] = id.try_into().ok()?;
        let deadline = match kind {
            0 => Self::Request(VaultId(*vault), RequestId(id)),
            1 => Self::Grant(VaultId(*vault), GrantId(id)),
            2 => Self::Token(hash),
            3 => Self::LinkCode(hash),
            _ => return None,
        };
        Some((moment_of(*at), deadline))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_sort_by_time_and_read_back() {
        let at = Timestamp::from_unix_ms;
        let all = [
            (at(-1), Deadline::Token([9; 32])),
            (at(1), Deadline::LinkCode([8; 32])),
            (at(2), Deadline::Request(VaultId([1; 16]), RequestId([2; 16]))),
            (at(3), Deadline::Grant(VaultId([1; 16]), GrantId([2; 16]))),
        ];
        let keys = all.map(|(at, deadline)| deadline.key(at));
        assert!(keys.is_sorted());
        assert_eq!(keys.map(|key| Deadline::parse(&key)), all.map(Some));
    }
}
