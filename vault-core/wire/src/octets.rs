//! Byte strings that are copied in one piece: the same bytes on the wire as a list of octets, read
//! and written without a step for each, and never set aside before they are there.

use std::fmt;

use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_bytes(Octets)
}

struct Octets;

impl Visitor<'_> for Octets {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Piece(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn one_piece_has_the_same_bytes_as_a_list_of_octets() {
        let octets: Vec<u8> = (0..=255).collect();
        let bytes = postcard::to_stdvec(&octets).unwrap();
        assert_eq!(postcard::to_stdvec(&Piece(octets.clone())).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<Piece>(&bytes).unwrap().0, octets);
    }
}
