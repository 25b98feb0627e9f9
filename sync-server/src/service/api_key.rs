//! The text of an API key: `pv_live_<id>_<secret>_<checksum>`.

use zeroize::Zeroizing;

use super::secret_text::{CHECKSUM_CHARS, SECRET_CHARS, checksum, random};
use crate::entropy::Entropy;

const PREFIX: &str = "pv_live_";
const ID_CHARS: usize = 10;

/// The parts of an API key.
pub(super) struct ApiKeyText {
    /// The public part.
    pub(super) id: String,
    /// The secret part.
    pub(super) secret: Zeroizing<String>,
}

impl ApiKeyText {
    /// A new key.
    pub(super) fn draw(entropy: &mut Entropy) -> Self {
        Self {
            id: random(entropy, ID_CHARS).to_string(),
            secret: random(entropy, SECRET_CHARS),
        }
    }

    /// The parts of a whole key whose checksum is right.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (body, sum) = rest.rsplit_once('_')?;
        let (id, secret) = body.split_once('_')?;
        let plain =
            |part: &str, chars| part.len() == chars && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain(id, ID_CHARS) || !plain(secret, SECRET_CHARS) || !plain(sum, CHECKSUM_CHARS) {
            return None;
        }
        let key = Self {
            id: id.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
        };
        (key.checksum() == sum).then_some(key)
    }

    /// The whole key.
    pub(super) fn whole(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}_{}", *self.unchecked(), self.checksum()))
    }

    /// What may be shown of it.
    pub(super) fn prefix(&self) -> String {
        format!("{PREFIX}{}", self.id)
    }

    fn unchecked(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}_{}", self.id, *self.secret))
    }

    fn checksum(&self) -> String {
        checksum(&self.unchecked())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    use super::*;

    #[test]
    fn a_key_reads_back_and_any_changed_character_is_noticed() {
        let key = ApiKeyText::draw(&mut Entropy::new(ChaCha20Rng::from_seed([1; 32])));
        let whole = key.whole();
        assert_eq!(ApiKeyText::parse(&whole).unwrap().secret, key.secret);
        for at in 0..whole.len() {
            let mut changed = whole.as_bytes().to_vec();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            assert!(
                ApiKeyText::parse(&String::from_utf8(changed).unwrap()).is_none(),
                "character {at}"
            );
        }
    }

    #[test]
    fn other_text_is_not_a_key() {
        for text in [
            "",
            "pv_live_",
            "pv_live_a_b_c",
            "pv_tok_0123456789",
            "pv_live_ä_ö_ü",
        ] {
            assert!(ApiKeyText::parse(text).is_none(), "{text}");
        }
    }
}
