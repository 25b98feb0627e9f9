//! The log of a vault at a server: a Merkle tree (RFC 9162, SHA-256) whose leaves are the notices that the
//! vault is told, in their order, and heads that the server signs.
//!
//! A vault takes every notice into a tree of its own, of which it needs only the peaks, and compares. A
//! server that tells two copies of a vault unlike stories, or takes a story back, contradicts what it
//! signed.

use ct_merkle::{HashableLeaf, InclusionProof, RootHash, array::Array, digest};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Digest, Malformed,
    canonical::{decode, encode},
    frame::Event,
    id::{LogId, VaultId},
    labels,
    signature::{BadSignature, PublicKey, SecretKey, Signature},
    time::Timestamp,
};

/// The most leaves of a log: beyond it no number is believed.
pub const LEAVES_MAX: u64 = 1 << 48;

/// The hash of a notice as a leaf.
pub fn leaf(event: &Event) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0]);
    Leaf(&encode(event)).hash(&mut hash);
    hash.finalize().into()
}

struct Leaf<'a>(&'a [u8]);

impl HashableLeaf for Leaf<'_> {
    fn hash<H: digest::Update>(&self, hasher: &mut H) {
        hasher.update(labels::LOG_LEAF.as_bytes());
        hasher.update(&[0]);
        hasher.update(self.0);
    }
}

fn parent(left: &Digest, right: &Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// A log that grows, as its peaks: the roots of its whole subtrees, the largest first, one for each bit of
/// its size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Digest>,
}

impl Frontier {
    /// How many leaves the log has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        let mut whole = self.size;
        while whole & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            node = parent(&left, &node);
            whole >>= 1;
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree; of an empty one, the hash of nothing.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else {
            return Sha256::digest([]).into();
        };
        peaks.fold(*smallest, |right, left| parent(left, &right))
    }

    /// The path that proves the next leaf to be the last one, once it is added.
    pub fn path_of_next(&self) -> Vec<Digest> {
        self.peaks.iter().rev().copied().collect()
    }
}

/// What a server says its log of a vault is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    version: u8,
    /// Whose log.
    pub vault: VaultId,
    /// Which log: another one begins when the server's data was set back.
    pub log: LogId,
    /// Number of the last notice before the first leaf.
    pub base: u64,
    /// How many leaves there are; the last one is notice `base + size`.
    pub size: u64,
    /// The root of the tree.
    pub root: Digest,
    /// When the head was signed.
    pub at: Timestamp,
}

/// A head as it travels and is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The head's exact bytes.
    #[serde(with = "crate::octets")]
    pub bytes: Vec<u8>,
    /// The server's receipt key.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// Proof that a notice is in a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogProof {
    /// The head that it leads to.
    pub head: SignedHead,
    /// Which leaf, from 0.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root, the lowest first.
    pub path: Vec<Digest>,
}

/// Why a head or a proof is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Its bytes are not a head.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The signature does not hold.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// It is signed by a key that is not the server's.
    #[error("the log head is not signed by the server that this vault is connected to")]
    OtherServer,
    /// It is a head of another vault's log.
    #[error("the log head is not of this vault")]
    OtherVault,
    /// The path does not lead from the notice to the head.
    #[error("the proof does not lead from the notice to the head of the log")]
    NotIncluded,
}

impl LogHead {
    /// What a log is at a moment.
    pub fn of(vault: VaultId, log: LogId, base: u64, frontier: &Frontier, at: Timestamp) -> Self {
        Self {
            version: 1,
            vault,
            log,
            base,
            size: frontier.size(),
            root: frontier.root(),
            at,
        }
    }

    /// Number of the last notice in it.
    pub const fn number(&self) -> u64 {
        self.base.saturating_add(self.size)
    }

    /// Signs it.
    pub fn sign(&self, receipt_key: &SecretKey) -> SignedHead {
        let bytes = encode(self);
        SignedHead {
            signature: receipt_key.sign(labels::LOG_HEAD, &bytes),
            key: receipt_key.public(),
            bytes,
        }
    }
}

impl SignedHead {
    /// When it was signed, as it says; no signature is checked.
    pub fn signed_at(&self) -> Option<Timestamp> {
        decode::<LogHead>(&self.bytes, "log head")
            .ok()
            .map(|head| head.at)
    }

    /// What it says, once the named server's key signed it for this vault.
    pub fn verify(&self, server: &PublicKey, vault: VaultId) -> Result<LogHead, Invalid> {
        if self.key != *server {
            return Err(Invalid::OtherServer);
        }
        self.key.verify(labels::LOG_HEAD, &self.bytes, &self.signature)?;
        let head: LogHead = decode(&self.bytes, "log head")?;
        if head.version != 1 || head.base > LEAVES_MAX || head.size > LEAVES_MAX {
            return Err(Malformed::new("log head").into());
        }
        if head.vault == vault {
            Ok(head)
        } else {
            Err(Invalid::OtherVault)
        }
    }
}

impl LogProof {
    /// The head, once the named server's key signed it for this vault and the path leads to it from the
    /// notice.
    pub fn verify(&self, server: &PublicKey, vault: VaultId, event: &Event) -> Result<LogHead, Invalid> {
        let head = self.head.verify(server, vault)?;
        if self.index >= head.size {
            return Err(Invalid::NotIncluded);
        }
        let root = RootHash::<Sha256>::new(Array(head.root), head.size);
        let path: Vec<_> = self.path.iter().map(|hash| Array(*hash)).collect();
        root.verify_inclusion(
            &Leaf(&encode(event)),
            self.index,
            &InclusionProof::from_digests(&path),
        )
        .map_err(|_| Invalid::NotIncluded)?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;

    use super::*;
    use crate::id::GrantId;

    const VAULT: VaultId = VaultId([7; 16]);

    fn event(number: u64) -> Event {
        Event::Erased {
            grant: GrantId([3; 16]),
            receipt: Sha256::digest(number.to_le_bytes()).into(),
        }
    }

    fn key() -> SecretKey {
        SecretKey::from_seed(&[4; 32])
    }

    fn head(frontier: &Frontier) -> LogHead {
        let at = Timestamp::from_unix_ms(1);
        LogHead::of(VAULT, LogId::first_of(VAULT), 0, frontier, at)
    }

    #[test]
    fn peaks_alone_give_the_root_that_a_whole_tree_has_at_every_size() {
        let (mut frontier, mut tree) = (Frontier::default(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
        for number in 0..300 {
            assert_eq!(frontier.root(), tree.root().as_bytes().0, "{number} leaves");
            let mut leaf_data = labels::LOG_LEAF.as_bytes().to_vec();
            leaf_data.push(0);
            leaf_data.extend(encode(&event(number)));
            tree.push(leaf_data);
            frontier.push(leaf(&event(number)));
        }
    }

    proptest! {
        #[test]
        fn every_notice_is_proven_when_it_is_the_last_and_no_other_is(count in 1_u64..200, other in 0_u64..400) {
            let mut frontier = Frontier::default();
            (0..count - 1).for_each(|number| frontier.push(leaf(&event(number))));
            let path = frontier.path_of_next();
            frontier.push(leaf(&event(count - 1)));
            let proof = LogProof { head: head(&frontier).sign(&key()), index: count - 1, path };
            prop_assert_eq!(proof.verify(&key().public(), VAULT, &event(count - 1)), Ok(head(&frontier)));
            if other != count - 1 {
                prop_assert_eq!(
                    proof.verify(&key().public(), VAULT, &event(other)),
                    Err(Invalid::NotIncluded)
                );
                let elsewhere = LogProof { index: other, ..proof };
                prop_assert!(elsewhere.verify(&key().public(), VAULT, &event(count - 1)).is_err());
            }
        }
    }

    #[test]
    fn a_head_counts_for_its_vault_and_its_server_only() {
        let signed = head(&Frontier::default()).sign(&key());
        assert!(signed.verify(&key().public(), VAULT).is_ok());
        let elsewhere = SecretKey::from_seed(&[5; 32]).public();
        assert_eq!(signed.verify(&elsewhere, VAULT), Err(Invalid::OtherServer));
        assert_eq!(
            signed.verify(&key().public(), VaultId([8; 16])),
            Err(Invalid::OtherVault)
        );
    }

    #[test]
    fn a_head_of_an_absurd_size_is_no_head() {
        let mut absurd = head(&Frontier::default());
        absurd.size = u64::MAX;
        let refused = absurd.sign(&key()).verify(&key().public(), VAULT);
        assert!(matches!(refused, Err(Invalid::Malformed(_))));
    }

    #[test]
    fn a_proof_with_a_path_of_any_length_is_refused_and_never_panics() {
        let mut frontier = Frontier::default();
        (0..5).for_each(|number| frontier.push(leaf(&event(number))));
        for length in 0..70 {
            let proof = LogProof {
                head: head(&frontier).sign(&key()),
                index: 4,
                path: vec![[0; 32]; length],
            };
            assert_eq!(
                proof.verify(&key().public(), VAULT, &event(4)),
                Err(Invalid::NotIncluded)
            );
        }
    }
}
