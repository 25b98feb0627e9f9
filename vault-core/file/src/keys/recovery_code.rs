//! The recovery code: what a person writes down once and types when everything else is lost.
//!
//! 160 random bits as 32 symbols of Crockford's base 32, and one check symbol: the bits, read as one number,
//! modulo 37. Since 37 is prime and greater than 32, any one wrong symbol and any two neighbours that changed
//! places are noticed, which the software can tell the typist at once, before it looks at any file.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Key, derive};
use crate::entropy::Entropy;
use crate::error::Error;

/// Bytes in a code.
pub(crate) const CODE_BYTES: usize = 20;

/// Symbols without the check symbol.
const SYMBOLS: usize = CODE_BYTES * 8 / 5;
/// Symbols between two hyphens.
const GROUP: usize = 4;
/// The most characters that are looked at: symbols, hyphens, generous spaces.
const TYPED_MAX: usize = 256;
/// Crockford's 32 digits, followed by the 5 that only a check symbol can be.
const ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/// A recovery code: 160 random bits. It is wiped when dropped and never printed, except by
/// [`reveal`](RecoveryCode::reveal).
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(Box<[u8; CODE_BYTES]>);

/// The text of a recovery code, to be shown to its owner once. It is wiped when dropped.
pub struct RevealedCode(Zeroizing<String>);

/// What is wrong with a typed recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeProblem {
    /// A code has 33 symbols, the last of which is the check symbol.
    #[error("it has {found} symbols instead of 33")]
    Length {
        /// How many symbols were found.
        found: usize,
    },
    /// A character that is in no code.
    #[error("symbol {position} is not a symbol of a code")]
    Symbol {
        /// Which symbol, counted from 1 without hyphens and spaces.
        position: usize,
    },
    /// Every symbol is possible, but together they are no code: one is mistyped, or two changed places.
    #[error("a symbol is mistyped, or two changed places")]
    Check,
}

impl RecoveryCode {
    /// Draws a new code.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`].
    pub fn generate(entropy: &Entropy) -> Result<Self, Error> {
        let mut code = Self(Box::new([0; CODE_BYTES]));
        entropy.fill(code.0.as_mut_slice())?;
        Ok(code)
    }

    /// Reads a code as people type it: in either case, with or without hyphens and spaces, with O for 0 and
    /// I or L for 1. Wipe the text afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecoveryCode`] says what is wrong.
    pub fn parse(typed: &str) -> Result<Self, Error> {
        let mut values = Zeroizing::new([0u8; SYMBOLS + 1]);
        let mut found = 0;
        for character in typed.chars().take(TYPED_MAX) {
            if character == '-' || character.is_whitespace() {
                continue;
            }
            if let Some(place) = values.get_mut(found) {
                let position = found + 1;
                *place = value_of(character, position > SYMBOLS).ok_or(CodeProblem::Symbol { position })?;
            }
            found += 1;
        }
        if found != SYMBOLS + 1 {
            return Err(CodeProblem::Length { found }.into());
        }
        let (symbols, check) = values.split_at(SYMBOLS);
        if check_value(symbols) != check[0] {
            return Err(CodeProblem::Check.into());
        }
        Ok(Self::from_symbols(symbols))
    }

    /// The code as text, in groups of four with the check symbol at the end: show it once, for its owner to
    /// write down, and store it nowhere.
    pub fn reveal(&self) -> RevealedCode {
        let symbols = self.symbols();
        // Allocated at once: a string that grows would leave copies behind.
        let mut text = Zeroizing::new(String::with_capacity(SYMBOLS + SYMBOLS / GROUP + 1));
        for group in symbols.chunks(GROUP) {
            text.extend(group.iter().map(|value| symbol(*value)));
            text.push('-');
        }
        text.push(symbol(check_value(symbols.as_slice())));
        RevealedCode(text)
    }

    /// A key for the layers above, one for each label. It follows from the code alone, so that it is the same
    /// wherever the code is typed.
    pub fn subkey(&self, label: &str) -> Key {
        derive::recovery_subkey(self, label)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; CODE_BYTES] {
        &self.0
    }

    fn symbols(&self) -> Zeroizing<[u8; SYMBOLS]> {
        let mut symbols = Zeroizing::new([0; SYMBOLS]);
        for (bytes, symbols) in self.0.chunks_exact(5).zip(symbols.chunks_exact_mut(8)) {
            let bits = bytes.iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
            for (index, symbol) in symbols.iter_mut().rev().enumerate() {
                *symbol = (bits >> (5 * index)).to_le_bytes()[0] & 31;
            }
        }
        symbols
    }

    fn from_symbols(symbols: &[u8]) -> Self {
        let mut code = Self(Box::new([0; CODE_BYTES]));
        for (symbols, bytes) in symbols.chunks_exact(8).zip(code.0.chunks_exact_mut(5)) {
            let bits = symbols
                .iter()
                .fold(0u64, |bits, symbol| bits << 5 | u64::from(*symbol));
            bytes.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        code
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

impl RevealedCode {
    /// The text: eight groups of four symbols, then the check symbol, joined by hyphens.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RevealedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevealedCode(..)")
    }
}

fn symbol(value: u8) -> char {
    char::from(ALPHABET[usize::from(value) % ALPHABET.len()])
}

fn value_of(character: char, is_check: bool) -> Option<u8> {
    let upper = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let digits = if is_check { 37 } else { 32 };
    let place = ALPHABET[..digits]
        .iter()
        .position(|digit| char::from(*digit) == upper)?;
    u8::try_from(place).ok()
}

/// The number that the symbols write, modulo 37.
fn check_value(symbols: &[u8]) -> u8 {
    let remainder = symbols
        .iter()
        .fold(0u32, |rest, symbol| (rest * 32 + u32::from(*symbol)) % 37);
    remainder.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn code(seed: u64) -> RecoveryCode {
        RecoveryCode::generate(&Entropy::new(ChaCha20Rng::seed_from_u64(seed))).unwrap()
    }

    fn problem(typed: &str) -> CodeProblem {
        match RecoveryCode::parse(typed) {
            Err(Error::NotARecoveryCode { problem }) => problem,
            other => panic!("{other:?}"),
        }
    }

    /// The number 2^159 + 1 and its remainder, computed by hand: 2^159 mod 37 is 2^15 mod 37 = 23.
    #[test]
    fn the_text_is_crockfords() {
        let mut code = RecoveryCode(Box::new([0; CODE_BYTES]));
        code.0[0] = 0x80;
        code.0[19] = 1;
        assert_eq!(
            code.reveal().as_str(),
            "G000-0000-0000-0000-0000-0000-0000-0001-R"
        );
    }

    #[test]
    fn a_code_is_read_back_as_people_type_it() {
        for seed in 0..50 {
            let code = code(seed);
            let text = code.reveal();
            let sloppy = text
                .as_str()
                .to_lowercase()
                .replace('-', "  ")
                .replace('0', "o")
                .replace('1', "L");
            for typed in [text.as_str(), &sloppy, &text.as_str().replace('-', "")] {
                assert_eq!(RecoveryCode::parse(typed).unwrap().0, code.0, "{typed}");
            }
        }
    }

    #[test]
    fn every_mistyped_symbol_is_noticed() {
        let text = code(1).reveal().as_str().to_owned();
        for (at, right) in text.char_indices().filter(|(_, right)| *right != '-') {
            for wrong in ALPHABET
                .iter()
                .map(|digit| char::from(*digit))
                .filter(|wrong| *wrong != right)
            {
                let mut typed = text.clone();
                typed.replace_range(at..=at, &wrong.to_string());
                assert!(
                    matches!(problem(&typed), CodeProblem::Check | CodeProblem::Symbol { .. }),
                    "{typed}"
                );
            }
        }
    }

    #[test]
    fn neighbours_that_changed_places_are_noticed() {
        let text = code(2).reveal().as_str().replace('-', "");
        for at in 0..text.len() - 1 {
            let mut typed = text.clone().into_bytes();
            typed.swap(at, at + 1);
            if typed != text.as_bytes() {
                let typed = String::from_utf8(typed).unwrap();
                assert!(matches!(
                    problem(&typed),
                    CodeProblem::Check | CodeProblem::Symbol { .. }
                ));
            }
        }
    }

    #[test]
    fn what_is_no_code_is_told_apart() {
        assert_eq!(problem(""), CodeProblem::Length { found: 0 });
        assert_eq!(problem("ABCD"), CodeProblem::Length { found: 4 });
        assert_eq!(problem("AB?D"), CodeProblem::Symbol { position: 3 });
        assert_eq!(
            problem("ABCU"),
            CodeProblem::Symbol { position: 4 },
            "U is only a check symbol"
        );
        assert_eq!(problem(&"0".repeat(34)), CodeProblem::Length { found: 34 });
        assert!(matches!(
            problem(&"0".repeat(100_000)),
            CodeProblem::Length { .. }
        ));
    }
}
