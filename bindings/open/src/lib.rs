//! For developers whose application asks a vault for delivery `sealed`: the server that passes the
//! records on cannot read them, this crate can, with a key that never leaves your machine.
//!
//! - [`KeyPair`]: your application's two keys, in PKCS #8 PEM files that other tools read as well.
//! - [`open_answer`]: an answer of `GET /users/{subject_id}/{category}`, each record opened. Everything
//!   that a seal is bound to stands in the answer; one that does not open is an error, never a record
//!   that is silently missing.
//! - [`sign_request`]: a prepared consent request, checked against what you asked for, signed, and ready
//!   for `POST /request-consent`.
//!
//! ```
//! use vault_open::{KeyPair, open_answer};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keys = KeyPair::from_bytes([1; 32], [2; 32]);
//! # let answer = r#"{"data":[],"grant":{"id":"grnt_00000000000000000000000000"}}"#;
//! let opened = open_answer(answer.as_bytes(), &[keys.sealing])?;
//! println!("{}", opened["data"]);
//! # Ok(())
//! # }
//! ```

mod answer;
mod keys;
mod request;

pub use answer::{OpenError, open_answer};
pub use keys::{InvalidKey, KeyPair, PublicKeys, sealing_key_of_pem, signing_key_of_pem};
pub use request::{SignError, sign_request};
pub use vault_wire::{grant_key::SealingSecretKey, signature::SecretKey};
