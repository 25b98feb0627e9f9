//! Where the passphrase comes from: a descriptor, the environment, or the keyboard. Never an
//! argument, because other users of the machine can see those.

use std::{
    ffi::OsString,
    io::{self, Read},
};

use unicode_normalization::UnicodeNormalization;
use vault_core::Passphrase;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The environment variable that may hold the passphrase.
pub(crate) const VARIABLE: &str = "VAULT_PASSPHRASE";
/// The environment variable that may hold the passphrase that replaces it.
const REPLACEMENT_VARIABLE: &str = "VAULT_NEW_PASSPHRASE";
/// The longest passphrase that is read, in bytes.
const BYTES_MAX: usize = 4_096;

/// Where the passphrase comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassphraseFrom {
    /// The first line of an open file descriptor.
    Descriptor(u32),
    /// The environment, or the keyboard if it holds none.
    EnvironmentOrKeyboard,
}

impl PassphraseFrom {
    /// From this descriptor, if one is named.
    pub(crate) fn of(descriptor: Option<u32>) -> Self {
        descriptor.map_or(Self::EnvironmentOrKeyboard, Self::Descriptor)
    }

    /// The passphrase of a vault that exists.
    pub(crate) fn ask(self) -> Result<Passphrase, Failure> {
        accepted(&self.existing()?)
    }

    /// The passphrase of a vault that exists, asked for once: to open it with, and to seal it with anew.
    pub(crate) fn ask_for_two_uses(self) -> Result<[Passphrase; 2], Failure> {
        let text = self.existing()?;
        Ok([accepted(&text)?, accepted(&text)?])
    }

    fn existing(self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        match self.given(VARIABLE)? {
            Some(given) => Ok(given),
            None => typed("Passphrase: "),
        }
    }

    /// The passphrase of a new vault, typed twice if it is typed.
    pub(crate) fn ask_new(self) -> Result<Passphrase, Failure> {
        self.new_from(VARIABLE)
    }

    /// The passphrase that replaces that of a vault, typed twice if it is typed.
    pub(crate) fn ask_replacement(self) -> Result<Passphrase, Failure> {
        self.new_from(REPLACEMENT_VARIABLE)
    }

    fn new_from(self, variable: &str) -> Result<Passphrase, Failure> {
        if let Some(given) = self.given(variable)? {
            return accepted(&given);
        }
        let first = typed("New passphrase: ")?;
        let again = typed("The same again: ")?;
        if first != again {
            return Err(Failure::PassphrasesDiffer);
        }
        accepted(&first)
    }

    fn given(self, variable: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        match self {
            Self::Descriptor(number) => from_descriptor(number).map(Some),
            Self::EnvironmentOrKeyboard => Ok(std::env::var_os(variable).map(bytes_of)),
        }
    }
}

/// One way of writing for each passphrase (Unicode NFC), whatever keyboard it was typed on.
fn accepted(given: &[u8]) -> Result<Passphrase, Failure> {
    let Ok(text) = std::str::from_utf8(given) else {
        return Ok(Passphrase::new(given.to_vec()).map_err(vault_core::Error::from)?);
    };
    if text.is_empty() {
        return Err(Failure::Usage(
            "the passphrase is empty: choose one that is hard to guess".into(),
        ));
    }
    // Composing never takes more than three times the bytes, so nothing is left behind by growing.
    let mut composed = String::with_capacity(text.len() * 3);
    composed.extend(text.nfc());
    Ok(Passphrase::new(composed).map_err(vault_core::Error::from)?)
}

fn typed(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match rpassword::prompt_password(prompt) {
        Ok(typed) => Ok(Zeroizing::new(typed.into_bytes())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Err(Failure::NotConfirmed("no passphrase was typed".into()))
        }
        Err(_) => Err(Failure::NoPassphrase),
    }
}

#[cfg(unix)]
fn bytes_of(text: OsString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(std::os::unix::ffi::OsStringExt::into_vec(text))
}

#[cfg(not(unix))]
fn bytes_of(text: OsString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.into_encoded_bytes())
}

#[cfg(unix)]
fn from_descriptor(number: u32) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let opened = std::fs::File::open(format!("/dev/fd/{number}"));
    first_line(opened).map_err(|error| {
        Failure::Usage(format!(
            "cannot read the passphrase from descriptor {number}: {error}"
        ))
    })
}

#[cfg(not(unix))]
fn from_descriptor(number: u32) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if number != 0 {
        return Err(Failure::Usage(
            "--passphrase-fd takes only 0, standard input, on this system".into(),
        ));
    }
    first_line(Ok(io::stdin().lock()))
        .map_err(|error| Failure::Usage(format!("cannot read the passphrase from standard input: {error}")))
}

/// Reads to the end of the first line, byte by byte, so that no buffer keeps what it read.
fn first_line(source: io::Result<impl Read>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut source = source?;
    let mut line = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    let mut byte = Zeroizing::new([0; 1]);
    while source.read(&mut *byte)? == 1 && byte[0] != b'\n' {
        if line.len() == BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "its first line is longer than 4096 bytes",
            ));
        }
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(bytes: &[u8]) -> Vec<u8> {
        first_line(Ok(bytes)).unwrap().to_vec()
    }

    #[test]
    fn the_first_line_is_the_passphrase() {
        assert_eq!(line_of(b"open sesame\nand more"), b"open sesame");
        assert_eq!(line_of(b"open sesame\r\n"), b"open sesame");
        assert_eq!(line_of(b"open sesame"), b"open sesame");
        assert_eq!(line_of(b""), b"");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert!(first_line(Ok(io::repeat(b'a'))).is_err());
    }

    #[test]
    fn an_empty_passphrase_is_refused_with_what_to_do() {
        let refused = accepted(&[]).unwrap_err();
        assert!(refused.to_string().contains("empty"), "{refused}");
    }

    #[test]
    fn a_descriptor_that_is_not_open_is_an_error() {
        let failure = PassphraseFrom::Descriptor(9_999).ask().unwrap_err();
        assert!(failure.to_string().contains("descriptor 9999"), "{failure}");
    }
}
