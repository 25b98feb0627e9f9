//! Requests that the application signs. The server passes on exactly the bytes that were signed: it
//! can neither make such a request nor change one, and the vault checks the signature with a key that
//! it takes from the application's own domain.

use vault_wire::{
    labels, limits,
    request::{AppIdentity, ConsentRequest},
    signature::Signature,
    time::Timestamp,
};

use super::{
    Unavailable,
    auth::Caller,
    request_consent::{APP_GONE, Draw, NewRequest, RequestError, checked_metadata, put},
    request_view::RequestView,
};
use crate::{
    Server,
    store::{
        Rows,
        tables::{APPS, key},
    },
};

/// How long an application may take to sign a prepared request, in milliseconds (10 minutes).
pub const SIGNING_TIME_MS: i64 = 600_000;
/// How far the clock of an application may be ahead, in milliseconds (1 minute).
const CLOCK_SKEW_MS: i64 = 60_000;

/// A request as the application signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// The exact bytes: those of a prepared request, or made by the application itself.
    pub bytes: Vec<u8>,
    /// The application's signature over them under [`labels::REQUEST`].
    pub signature: Signature,
    /// The developer's own note, at most 2 kB; never shown to the subject.
    pub metadata: Option<serde_json::Value>,
}

/// The bytes of a request that the application is to sign. Nothing is kept and nobody is asked yet.
///
/// # Errors
///
/// See [`RequestError`].
pub fn prepare_request(
    server: &Server,
    caller: &Caller,
    new: NewRequest,
) -> Result<ConsentRequest, RequestError> {
    let now = server.now();
    checked_metadata(new.metadata.as_ref())?;
    let at = key(&[caller.account.as_bytes(), caller.app.as_bytes()]);
    let view = server.store().view().map_err(Unavailable::from)?;
    let app = view.get(&APPS, &at).map_err(Unavailable::from)?;
    let app = app.ok_or(APP_GONE)?.identity;
    if app.signing_key.is_none() {
        return Err(RequestError::NoSigningKey);
    }
    new.made(&Draw::new(server, now), &app, now)
}

/// Asks for consent with a request that the application signed. The server passes on exactly these
/// bytes: it can neither make nor change them. The same request again is answered as it stands.
///
/// # Errors
///
/// See [`RequestError`].
pub async fn request_signed(
    server: &Server,
    caller: &Caller,
    signed: SignedRequest,
) -> Result<RequestView, RequestError> {
    let now = server.now();
    let metadata = checked_metadata(signed.metadata.as_ref())?;
    let request = ConsentRequest::from_bytes(&signed.bytes)
        .map_err(|_| RequestError::InvalidSignature("the bytes are not a consent request"))?;
    let build = move |app: &AppIdentity| {
        signed_by(app, &signed, &request)?;
        Ok((request, Some(signed.signature)))
    };
    put(server, caller, build, metadata, now).await
}

/// Whether this application, as it is registered now, signed these bytes.
fn signed_by(
    app: &AppIdentity,
    signed: &SignedRequest,
    request: &ConsentRequest,
) -> Result<(), RequestError> {
    let signing_key = app.signing_key.ok_or(RequestError::NoSigningKey)?;
    if request.app != *app {
        return Err(RequestError::InvalidSignature(
            "it shows the application otherwise than it is registered",
        ));
    }
    signing_key
        .verify(labels::REQUEST, &signed.bytes, &signed.signature)
        .map_err(|_| {
            RequestError::InvalidSignature("the signature is not the application's over these bytes")
        })
}

/// A signed request is of now: its windows are the usual ones, and have just begun.
pub(super) fn has_just_begun(request: &ConsentRequest, now: Timestamp) -> Result<(), RequestError> {
    let age_ms = now.ms_since(request.created_at);
    if !(-CLOCK_SKEW_MS..=SIGNING_TIME_MS).contains(&age_ms) {
        return Err(RequestError::InvalidSignature(
            "it was made too long ago, or in the future: prepare and sign it anew",
        ));
    }
    let usual = request.immediate_until == request.created_at.plus_ms(limits::IMMEDIATE_WINDOW_MS)
        && request.expires_at == request.created_at.plus_ms(limits::REQUEST_LIFETIME_MS);
    if !usual {
        return Err(RequestError::InvalidSignature(
            "its windows are not 180 seconds and 24 hours",
        ));
    }
    Ok(())
}
