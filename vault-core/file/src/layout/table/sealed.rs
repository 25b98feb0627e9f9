//! Nodes on the disk: sealed, each in one of two places.

use std::io;
use std::sync::Arc;

use super::node::{HEAD_BYTES, Name, Node, NodeBytes};
use crate::disk::Disk;
use crate::entropy::Entropy;
use crate::error::Fault;
use crate::keys::cipher::{Cipher, NONCE_BYTES};
use crate::keys::{FileIdentity, PageTableKey, derive};
use crate::layout::Geometry;

/// Reads and writes the nodes of one file.
pub(in crate::layout) struct SealedNodes<D> {
    disk: Arc<D>,
    cipher: Cipher,
    entropy: Entropy,
    file: FileIdentity,
    geometry: Geometry,
}

/// An authentic copy of a node.
pub(super) struct Copy {
    pub(super) opened: NodeBytes,
    /// As it lies on the disk.
    pub(super) sealed: Box<[u8]>,
}

impl Copy {
    /// Whether it is the node that a parent names, in whichever place.
    pub(super) fn is(&self, name: Name) -> bool {
        let (head, _) = self.sealed.split_at(HEAD_BYTES);
        head.last_chunk().is_some_and(|tag| name.is_of(tag))
    }
}

/// What was found of a node that a parent names.
pub(super) enum Found {
    /// It is where it belongs.
    InPlace(Copy),
    /// It is in the other place only, where closing the file has copied it.
    Twin(Copy),
    /// It is in neither place.
    Lost,
}

impl<D: Disk> SealedNodes<D> {
    pub(in crate::layout) fn new(
        disk: Arc<D>,
        key: PageTableKey,
        file: FileIdentity,
        entropy: Entropy,
        geometry: Geometry,
    ) -> Self {
        Self {
            disk,
            cipher: Cipher::new(key.0),
            entropy,
            file,
            geometry,
        }
    }

    /// Reads a node that a parent names.
    pub(super) fn read(&self, node: Node, name: Name) -> Result<Found, Fault> {
        if let Some(copy) = self.read_copy(node, name.copy())?
            && copy.is(name)
        {
            return Ok(Found::InPlace(copy));
        }
        let twin = self.read_copy(node, 1 - name.copy())?;
        Ok(twin.filter(|twin| twin.is(name)).map_or(Found::Lost, Found::Twin))
    }

    /// What lies in one of the two places, if it authenticates.
    pub(super) fn read_copy(&self, node: Node, copy: usize) -> Result<Option<Copy>, Fault> {
        let mut sealed = vec![0; self.geometry.node_bytes(node)].into_boxed_slice();
        let at = self.geometry.node_at(node, copy);
        match self.disk.read_at(at, &mut sealed) {
            Ok(()) => Ok(self.open(node, &sealed).map(|opened| Copy { opened, sealed })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(Fault::of(&error)),
        }
    }

    /// Seals a node into one of its places, for a state that is not durable yet. Returns its name.
    pub(in crate::layout) fn write(
        &self,
        node: Node,
        copy: usize,
        bytes: &NodeBytes,
        seq: u64,
    ) -> Result<Name, Fault> {
        let (sealed, name) = loop {
            let mut sealed = bytes.for_state(seq);
            if let Some(name) = self.seal(node, copy, &mut sealed)? {
                break (sealed, name);
            }
        };
        self.put(node, copy, &sealed)?;
        Ok(name)
    }

    /// Writes sealed bytes into one of a node's places.
    pub(super) fn put(&self, node: Node, copy: usize, sealed: &[u8]) -> Result<(), Fault> {
        self.disk
            .write_at(self.geometry.node_at(node, copy), sealed)
            .map_err(|error| Fault::of(&error))
    }

    pub(super) fn sync(&self) -> Result<(), Fault> {
        self.disk.sync().map_err(|error| Fault::of(&error))
    }

    fn seal(&self, node: Node, copy: usize, bytes: &mut [u8]) -> Result<Option<Name>, Fault> {
        let (head, plain) = bytes.split_at_mut(HEAD_BYTES);
        let nonce = self.entropy.array()?;
        let tag = self.cipher.seal(&nonce, &self.aad(node), plain)?;
        head[..NONCE_BYTES].copy_from_slice(&nonce);
        head[NONCE_BYTES..].copy_from_slice(&tag);
        Ok(Name::of(&tag, copy))
    }

    fn open(&self, node: Node, sealed: &[u8]) -> Option<NodeBytes> {
        let (nonce, rest) = sealed.split_first_chunk()?;
        let (tag, _) = rest.split_first_chunk()?;
        let mut opened: Box<[u8]> = sealed.into();
        self.cipher
            .open(nonce, &self.aad(node), &mut opened[HEAD_BYTES..], tag)
            .ok()?;
        Some(NodeBytes::of(opened))
    }

    /// Label 23 | file id 16 | epoch 8 | kind 1 | place 4. Not the copy: both places hold the same bytes
    /// once the file is closed.
    fn aad(&self, node: Node) -> [u8; 52] {
        let (kind, place) = match node {
            Node::Group { extent, .. } => (0, extent),
            Node::Directory { number } => (1, number),
        };
        let mut aad = [0; 52];
        aad[..23].copy_from_slice(derive::SEALED_NODE);
        aad[23..39].copy_from_slice(&self.file.id.0);
        aad[39..47].copy_from_slice(&self.file.epoch.to_le_bytes());
        aad[47] = kind;
        aad[48..].copy_from_slice(&u32::to_le_bytes(place));
        aad
    }
}
