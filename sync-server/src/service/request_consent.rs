//! Asking a data subject for consent.

mod standing;

use vault_wire::{
    Digest, digest,
    frame::{DeliveredRequest, Event},
    id::{GrantId, RequestId, SubjectId, VaultId, crockford_char},
    limits,
    request::{AppIdentity, ConsentRequest, Required, Wording},
    signature::Signature,
    terms::{Delivery, Terms},
    time::Timestamp,
};

use super::{
    Unavailable,
    amending::{amendable, amending, supersede},
    auth::Caller,
    notices,
    request_view::{RequestView, view_of},
    retry_after::seconds,
    signed_request::has_just_begun,
    subjects::home,
};
use crate::{
    Server,
    store::{
        Deadline, PendingRow, RequestRow, RequestState, Rows, StoreError, Tx,
        tables::{APP_REQUESTS, APPS, DEADLINES, PENDING, REQUEST_DIGESTS, REQUESTS, key},
    },
};
use standing::{cooling_down, covered, pending};

/// Longest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 2_048;
/// Most requests of one application to one subject that are pending.
const PENDING_MAX: usize = 5;
/// Domain of the digest by which identical requests are recognised.
const ASKED: &str = "sync-server/asked/1";

/// What a developer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// Whom.
    pub subject: SubjectId,
    /// For what.
    pub terms: Terms,
    /// Fields without which no answer is wanted.
    pub required: Vec<Required>,
    /// In which words.
    pub wording: Wording,
    /// The running grant of this application and subject that it would change.
    pub amends: Option<GrantId>,
    /// Whether vault and application shall both show three characters.
    pub binding_code: bool,
    /// The developer's own note, at most 2 kB; never shown to the subject.
    pub metadata: Option<serde_json::Value>,
}

/// Why nothing was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Delivery `sealed` was asked for by an application that has no sealing key.
    #[error(
        "delivery `sealed` needs a sealing key: register one, and publish it on the application's domain"
    )]
    NoSealingKey,
    /// The application signs its requests, and this one is not signed.
    #[error("this application signs its requests: prepare this one, sign it, and send it signed")]
    SignatureRequired,
    /// The application has no signing key, so there is nothing to prepare.
    #[error("this application has no signing key: ask without a signature, or register a key")]
    NoSigningKey,
    /// A signed request that cannot be passed on.
    #[error("the signed request cannot be passed on: {0}")]
    InvalidSignature(&'static str),
    /// The terms do not make sense.
    #[error("the terms cannot be asked for: {0}")]
    InvalidTerms(&'static str),
    /// The request is too large.
    #[error("the request is too large: {0}")]
    TooLarge(&'static str),
    /// The subject refused this category lately, or let a request for it lapse.
    #[error("the user refused or did not answer lately: ask again in {retry_after_s} seconds")]
    RecentlyRefused {
        /// Seconds until this may be asked again.
        retry_after_s: u32,
    },
    /// Too many requests to this subject are pending.
    #[error("too many requests to this user are pending: ask again in {retry_after_s} seconds")]
    PromptBudgetExceeded {
        /// Seconds until the next one lapses.
        retry_after_s: u32,
    },
    /// The grant to be amended is not this application's, or another subject's.
    #[error("this application has no such grant of this user")]
    NoSuchGrant,
    /// The grant to be amended is over.
    #[error("the grant is over: ask without `amends`")]
    GrantOver,
    /// The server cannot serve now.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Asks for consent, unless an identical request is pending or an active grant covers it: then that
/// one is the answer, marked as reused. An unknown subject is like one who never answers.
///
/// # Errors
///
/// See [`RequestError`].
pub async fn request_consent(
    server: &Server,
    caller: &Caller,
    new: NewRequest,
) -> Result<RequestView, RequestError> {
    let now = server.now();
    let draw = Draw::new(server, now);
    let metadata = checked_metadata(new.metadata.as_ref())?;
    let build = move |app: &AppIdentity| match app.signing_key {
        Some(_) => Err(RequestError::SignatureRequired),
        None => new.made(&draw, app, now).map(|request| (request, None)),
    };
    put(server, caller, build, metadata, now).await
}

/// A request as it will be put before the subject, and the application's signature.
pub(super) type Built = (ConsentRequest, Option<Signature>);

pub(super) async fn put(
    server: &Server,
    caller: &Caller,
    build: impl FnOnce(&AppIdentity) -> Result<Built, RequestError> + Send + 'static,
    metadata: Option<String>,
    now: Timestamp,
) -> Result<RequestView, RequestError> {
    let (caller, delivery_nonce) = (caller.clone(), server.entropy().bytes());
    let Asked {
        view,
        vault,
        replaced,
    } = server
        .store()
        .write(move |tx| ask(tx, &caller, build, delivery_nonce, metadata, now))
        .await
        .map_err(Unavailable::from)??;
    if let Some(vault) = vault {
        server.devices().wake(vault);
    }
    replaced
        .into_iter()
        .for_each(|request| server.waits().wake(request));
    Ok(view)
}

/// What is random in a request that the server makes.
pub(super) struct Draw {
    id: RequestId,
    binding_code: String,
}

impl Draw {
    pub(super) fn new(server: &Server, now: Timestamp) -> Self {
        Self {
            id: RequestId::fresh(now, &mut server.entropy()),
            binding_code: server.entropy().bytes::<3>().map(crockford_char).iter().collect(),
        }
    }
}

impl NewRequest {
    pub(super) fn made(
        self,
        draw: &Draw,
        app: &AppIdentity,
        now: Timestamp,
    ) -> Result<ConsentRequest, RequestError> {
        let mut request =
            ConsentRequest::new(draw.id, self.subject, app.clone(), self.terms, self.wording, now);
        request.required = self.required;
        request.amends = self.amends;
        if self.binding_code {
            request.binding_code.clone_from(&draw.binding_code);
        }
        check(&request, now)?;
        Ok(request)
    }
}

pub(super) const APP_GONE: RequestError = RequestError::InvalidTerms("the application is gone");

pub(super) fn checked_metadata(metadata: Option<&serde_json::Value>) -> Result<Option<String>, RequestError> {
    let text = metadata.map(ToString::to_string);
    match text {
        Some(text) if text.len() > METADATA_BYTES_MAX => {
            Err(RequestError::TooLarge("metadata has at most 2048 bytes"))
        }
        text => Ok(text),
    }
}

fn check(request: &ConsentRequest, now: Timestamp) -> Result<(), RequestError> {
    if request.terms.delivery == Delivery::Sealed && request.app.sealing_key.is_none() {
        return Err(RequestError::NoSealingKey);
    }
    if !request.terms.well_formed() {
        return Err(RequestError::InvalidTerms(
            "a category, field, precision, time range or number is not possible",
        ));
    }
    if request.terms.duration.ends_at(now).is_some_and(|end| end <= now) {
        return Err(RequestError::InvalidTerms("the duration is already over"));
    }
    if !request.sound() || request.to_bytes().len() > limits::REQUEST_BYTES_MAX {
        return Err(RequestError::TooLarge(
            "a text or list is over its limit, or a text holds characters that do not show",
        ));
    }
    Ok(())
}

/// What asking came to.
struct Asked {
    view: RequestView,
    /// Whom to wake, if a request was made.
    vault: Option<VaultId>,
    /// Pending requests whose place it took.
    replaced: Vec<RequestId>,
}

impl Asked {
    /// An older request or grant is the answer.
    fn before(view: RequestView) -> Self {
        Self {
            view: RequestView { reused: true, ..view },
            vault: None,
            replaced: Vec::new(),
        }
    }
}

fn ask(
    tx: &Tx,
    caller: &Caller,
    build: impl FnOnce(&AppIdentity) -> Result<Built, RequestError>,
    delivery_nonce: [u8; 16],
    metadata: Option<String>,
    now: Timestamp,
) -> Result<Result<Asked, RequestError>, StoreError> {
    let at = key(&[caller.account.as_bytes(), caller.app.as_bytes()]);
    let Some(app) = tx.get(&APPS, &at)? else {
        return Ok(Err(APP_GONE));
    };
    let (request, signature) = match build(&app.identity) {
        Ok(built) => built,
        Err(error) => return Ok(Err(error)),
    };
    let home = home(tx, caller, request.subject)?;
    if let Some(row) = tx.get(&REQUESTS, &key(&[home.as_bytes(), request.id.as_bytes()]))? {
        let same = row.app == caller.app && row.bytes == request.to_bytes();
        let again = Asked::before(view_of(&row, request.id, now)?);
        return Ok(same.then_some(again).ok_or(RequestError::InvalidSignature(
            "another request has its id: prepare and sign it anew",
        )));
    }
    let passable = check(&request, now).and_then(|()| match signature {
        Some(_) => has_just_begun(&request, now),
        None => Ok(()),
    });
    if let Err(error) = passable {
        return Ok(Err(error));
    }
    match request.amends {
        Some(grant) => {
            if let Err(error) = amendable(tx, caller, home, request.subject, grant, now)? {
                return Ok(Err(error));
            }
        }
        None => {
            if let Some(view) = covered(tx, caller, home, &request.terms, now)? {
                return Ok(Ok(Asked::before(view)));
            }
        }
    }
    let asked = asked_digest(&request);
    let mut pending = pending(tx, caller, home, now)?;
    if let Some((id, _)) = pending.iter().find(|(_, row)| row.asked == asked) {
        let row = tx.get(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]))?;
        if let Some(row) = row {
            let view = view_of(&row, *id, now)?;
            return Ok(Ok(Asked::before(view)));
        }
    }
    let replaced = match request.amends {
        Some(grant) => amending(tx, home, &pending, grant)?,
        None => Vec::new(),
    };
    pending.retain(|(id, _)| !replaced.contains(id));
    if pending.len() >= PENDING_MAX {
        let next = pending.iter().map(|(_, row)| row.expires_at).min().unwrap_or(now);
        let retry_after_s = seconds(next.ms_since(now));
        return Ok(Err(RequestError::PromptBudgetExceeded { retry_after_s }));
    }
    if let Some(until) = cooling_down(tx, caller, home, &request.terms, now)? {
        let retry_after_s = seconds(until.ms_since(now));
        return Ok(Err(RequestError::RecentlyRefused { retry_after_s }));
    }
    let row = RequestRow {
        account: caller.account,
        app: caller.app,
        bytes: request.to_bytes(),
        signature,
        delivery_nonce,
        state: RequestState::Pending,
        delivered_at: None,
        decided_at: None,
        decision: None,
        grant: None,
        granted: None,
        metadata,
    };
    for id in &replaced {
        supersede(tx, caller, home, *id)?;
    }
    keep(tx, home, &request, &row, asked)?;
    Ok(Ok(Asked {
        view: view_of(&row, request.id, now)?,
        vault: Some(home),
        replaced,
    }))
}

/// Digest of everything that the developer chose.
fn asked_digest(request: &ConsentRequest) -> Digest {
    let mut chosen = request.clone();
    chosen.id = RequestId([0; 16]);
    chosen.binding_code.clear();
    let epoch = Timestamp::from_unix_ms(0);
    (chosen.created_at, chosen.immediate_until, chosen.expires_at) = (epoch, epoch, epoch);
    let mut bytes = chosen.to_bytes();
    bytes.push(u8::from(!request.binding_code.is_empty()));
    digest(ASKED, &bytes)
}

fn keep(
    tx: &Tx,
    home: VaultId,
    request: &ConsentRequest,
    row: &RequestRow,
    asked: Digest,
) -> Result<(), StoreError> {
    let id = request.id;
    let app = row.app.as_bytes();
    let digest = ConsentRequest::digest_of(&row.bytes);
    let pending = PendingRow {
        asked,
        expires_at: request.expires_at,
    };
    tx.put(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]), row)?;
    tx.put(&REQUEST_DIGESTS, &key(&[home.as_bytes(), &digest]), &id)?;
    tx.put(
        &APP_REQUESTS,
        &key(&[row.account.as_bytes(), app, id.as_bytes()]),
        &home,
    )?;
    tx.put(&PENDING, &key(&[home.as_bytes(), app, id.as_bytes()]), &pending)?;
    tx.put(
        &DEADLINES,
        &Deadline::Request(home, id).key(request.expires_at),
        &(),
    )?;
    let delivered = DeliveredRequest {
        bytes: row.bytes.clone(),
        signature: row.signature,
        delivery_nonce: row.delivery_nonce,
    };
    notices::append(tx, home, &Event::Request(delivered))
}
