//! Linking an application to a data subject by the code that the subject's vault shows.

use vault_wire::{frame::Event, id::SubjectId};

use super::{Unavailable, auth::Caller, link_code::normalised, notices, retry_after::seconds};
use crate::{
    Server,
    store::{
        LinkTriesRow, Rows,
        tables::{APPS, LINK_CODES, LINK_TRIES, OPEN_LINKS, SUBJECTS, key},
    },
};

/// Wrong codes that an application may try within an hour.
const WRONG_TRIES_MAX: u32 = 10;
const TRIES_WINDOW_MS: i64 = 3_600_000;

/// Why nothing was linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The code is wrong, used or older than ten minutes.
    #[error("this link code is wrong, used or has expired: ask the user for a new one")]
    WrongCode,
    /// Ten wrong codes within an hour.
    #[error("too many wrong link codes: try again in {retry_after_s} seconds")]
    TooManyTries {
        /// Seconds until codes are looked at again.
        retry_after_s: u32,
    },
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The caller's own id for the data subject whose vault shows this code. A code works once.
///
/// # Errors
///
/// See [`LinkError`].
pub async fn link(server: &Server, caller: &Caller, code: &str) -> Result<SubjectId, LinkError> {
    let now = server.now();
    let code = normalised(code).map(|code| server.keys().link_code_hash(&code));
    let (account, app) = (caller.account, caller.app);
    let tries_key = key(&[account.as_bytes(), app.as_bytes()]);
    let service = server.clone();
    let linked = server
        .store()
        .write(move |tx| {
            let tries = tx
                .get(&LINK_TRIES, &tries_key)?
                .filter(|tries| now.ms_since(tries.since) < TRIES_WINDOW_MS)
                .unwrap_or(LinkTriesRow { since: now, wrong: 0 });
            if tries.wrong >= WRONG_TRIES_MAX {
                let left_ms = tries.since.plus_ms(TRIES_WINDOW_MS).ms_since(now);
                return Ok(Err(LinkError::TooManyTries {
                    retry_after_s: seconds(left_ms),
                }));
            }
            let opened = match code {
                Some(hash) => tx.get(&LINK_CODES, &hash)?.map(|row| (hash, row)),
                None => None,
            };
            let Some((hash, row)) = opened.filter(|(_, row)| now < row.expires_at) else {
                let wrong = tries.wrong + 1;
                tx.put(&LINK_TRIES, &tries_key, &LinkTriesRow { wrong, ..tries })?;
                return Ok(Err(LinkError::WrongCode));
            };
            tx.remove(&LINK_CODES, &hash)?;
            tx.remove(&OPEN_LINKS, row.vault.as_bytes())?;
            let subject = service.keys().subject(app, row.vault);
            let at = key(&[account.as_bytes(), app.as_bytes(), subject.as_bytes()]);
            tx.put(&SUBJECTS, &at, &row.vault)?;
            if let Some(known) = tx.get(&APPS, &tries_key)? {
                let linked = Event::Linked {
                    app: known.identity,
                    subject,
                    at: now,
                };
                notices::append(tx, row.vault, &linked)?;
            }
            Ok(Ok((subject, row.vault)))
        })
        .await
        .map_err(Unavailable::from)?;
    linked.map(|(subject, vault)| {
        server.devices().wake(vault);
        subject
    })
}
