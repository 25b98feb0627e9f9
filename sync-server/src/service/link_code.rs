//! Opening a link code for a vault.

use vault_wire::{
    frame::LinkCode,
    id::{VaultId, crockford_char, crockford_digit},
};

use super::Unavailable;
use crate::{
    Server,
    store::{
        Deadline, LinkCodeRow, Rows,
        tables::{DEADLINES, LINK_CODES, OPEN_LINKS},
    },
};

/// How long a code may be used, in milliseconds (10 minutes).
pub(crate) const LIFETIME_MS: i64 = 600_000;
/// Characters of a code: 8 of Crockford base32 carry 40 bits.
const CHARS: usize = 8;

/// A new code for a vault. A code that was open before is no longer valid.
pub(crate) async fn open(server: &Server, vault: VaultId) -> Result<LinkCode, Unavailable> {
    let random: [u8; CHARS] = server.entropy().bytes();
    let code: String = random.into_iter().map(crockford_char).collect();
    let hash = server.keys().link_code_hash(&code);
    let expires_at = server.now().plus_ms(LIFETIME_MS);
    server
        .store()
        .write(move |tx| {
            if let Some(before) = tx.get(&OPEN_LINKS, vault.as_bytes())? {
                tx.remove(&LINK_CODES, &before)?;
            }
            tx.put(&OPEN_LINKS, vault.as_bytes(), &hash)?;
            tx.put(&LINK_CODES, &hash, &LinkCodeRow { vault, expires_at })?;
            tx.put(&DEADLINES, &Deadline::LinkCode(hash).key(expires_at), &())
        })
        .await?;
    Ok(LinkCode { code, expires_at })
}

/// A code as it is compared: upper case, look-alikes resolved, hyphens and spaces left out.
pub(super) fn normalised(code: &str) -> Option<String> {
    let digits = code
        .bytes()
        .filter(|byte| !matches!(byte, b'-' | b' '))
        .map(|byte| crockford_digit(byte).map(crockford_char))
        .take(CHARS + 1)
        .collect::<Option<String>>()?;
    (digits.len() == CHARS).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_a_person_types_it() {
        assert_eq!(normalised("7kq8-oil2"), Some("7KQ80112".into()));
        assert_eq!(normalised("7KQ8 0112"), Some("7KQ80112".into()));
        for wrong in ["", "7KQ8", "7KQ8011234", "7KQ8011!", "ääää"] {
            assert_eq!(normalised(wrong), None, "{wrong}");
        }
    }
}
