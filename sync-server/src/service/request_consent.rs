//! Asking a data subject for consent.

use std::ops::ControlFlow;

use vault_wire::{
    Digest, digest,
    frame::{Closed, DeliveredRequest, Event},
    id::{GrantId, RequestId, SubjectId, VaultId, crockford_char},
    limits,
    request::{AppIdentity, ConsentRequest, Required, Wording},
    terms::{Delivery, Terms},
    time::Timestamp,
};

use super::{
    Unavailable,
    auth::Caller,
    grant_rules::{is_active, state_at},
    notices,
    request_view::{Coverage, RequestView, view_of},
    retry_after::seconds,
    subjects::home,
};
use crate::{
    Server,
    store::{
        Deadline, PendingRow, RequestRow, RequestState, Rows, StoreError, Tx,
        tables::{
            APP_REQUESTS, APPS, COOL_DOWNS, DEADLINES, GRANTS, GRANTS_OF_APP, PENDING, REQUEST_DIGESTS,
            REQUESTS, key,
        },
    },
};

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
    /// Delivery `sealed` was asked for.
    #[error("delivery `sealed` is not offered yet: ask for `server`")]
    SealedNotOffered,
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
    check(&new, now)?;
    let draw = Draw {
        id: RequestId::fresh(now, &mut server.entropy()),
        binding_code: server.entropy().bytes::<3>().map(crockford_char).iter().collect(),
        delivery_nonce: server.entropy().bytes(),
    };
    let caller = caller.clone();
    let Asked {
        view,
        vault,
        replaced,
    } = server
        .store()
        .write(move |tx| ask(tx, &caller, new, draw, now))
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

/// What is random in a request.
struct Draw {
    id: RequestId,
    binding_code: String,
    delivery_nonce: [u8; 16],
}

fn check(new: &NewRequest, now: Timestamp) -> Result<(), RequestError> {
    if new.terms.delivery == Delivery::Sealed {
        return Err(RequestError::SealedNotOffered);
    }
    if !new.terms.well_formed() {
        return Err(RequestError::InvalidTerms(
            "a category, field, precision, time range or number is not possible",
        ));
    }
    if new.terms.duration.ends_at(now).is_some_and(|end| end <= now) {
        return Err(RequestError::InvalidTerms("the duration is already over"));
    }
    let metadata_bytes = new.metadata.as_ref().map_or(0, |json| json.to_string().len());
    if metadata_bytes > METADATA_BYTES_MAX {
        return Err(RequestError::TooLarge("metadata has at most 2048 bytes"));
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
    new: NewRequest,
    draw: Draw,
    now: Timestamp,
) -> Result<Result<Asked, RequestError>, StoreError> {
    let at = key(&[caller.account.as_bytes(), caller.app.as_bytes()]);
    let Some(app) = tx.get(&APPS, &at)? else {
        return Ok(Err(RequestError::InvalidTerms("the application is gone")));
    };
    let home = home(tx, caller, new.subject)?;
    match new.amends {
        Some(grant) => {
            if let Err(error) = amendable(tx, caller, home, &new, grant, now)? {
                return Ok(Err(error));
            }
        }
        None => {
            if let Some(view) = covered(tx, caller, home, &new.terms, now)? {
                return Ok(Ok(Asked::before(view)));
            }
        }
    }
    let asked = asked_digest(&new, &app.identity);
    let mut pending = pending(tx, caller, home, now)?;
    if let Some((id, _)) = pending.iter().find(|(_, row)| row.asked == asked) {
        let row = tx.get(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]))?;
        if let Some(row) = row {
            let view = view_of(&row, *id, now)?;
            return Ok(Ok(Asked::before(view)));
        }
    }
    let replaced = match new.amends {
        Some(grant) => amending(tx, home, &pending, grant)?,
        None => Vec::new(),
    };
    pending.retain(|(id, _)| !replaced.contains(id));
    if pending.len() >= PENDING_MAX {
        let next = pending.iter().map(|(_, row)| row.expires_at).min().unwrap_or(now);
        let retry_after_s = seconds(next.ms_since(now));
        return Ok(Err(RequestError::PromptBudgetExceeded { retry_after_s }));
    }
    if let Some(until) = cooling_down(tx, caller, home, &new.terms, now)? {
        let retry_after_s = seconds(until.ms_since(now));
        return Ok(Err(RequestError::RecentlyRefused { retry_after_s }));
    }
    let mut request = ConsentRequest::new(draw.id, new.subject, app.identity, new.terms, new.wording, now);
    request.required = new.required;
    request.amends = new.amends;
    if new.binding_code {
        request.binding_code = draw.binding_code;
    }
    let row = RequestRow {
        account: caller.account,
        app: caller.app,
        bytes: request.to_bytes(),
        signature: None,
        delivery_nonce: draw.delivery_nonce,
        state: RequestState::Pending,
        delivered_at: None,
        decided_at: None,
        decision: None,
        grant: None,
        granted: None,
        metadata: new.metadata.map(|json| json.to_string()),
    };
    if !request.sound() || row.bytes.len() > limits::REQUEST_BYTES_MAX {
        return Ok(Err(RequestError::TooLarge(
            "a text or list is over its limit, or a text holds characters that do not show",
        )));
    }
    for id in &replaced {
        supersede(tx, caller, home, *id)?;
    }
    keep(tx, home, &request, &row, asked)?;
    Ok(Ok(Asked {
        view: view_of(&row, draw.id, now)?,
        vault: Some(home),
        replaced,
    }))
}

/// Digest of everything that the developer chose.
fn asked_digest(new: &NewRequest, app: &AppIdentity) -> Digest {
    let mut request = ConsentRequest::new(
        RequestId([0; 16]),
        new.subject,
        app.clone(),
        new.terms.clone(),
        new.wording.clone(),
        Timestamp::from_unix_ms(0),
    );
    request.required.clone_from(&new.required);
    request.amends = new.amends;
    let mut bytes = request.to_bytes();
    bytes.push(u8::from(new.binding_code));
    digest(ASKED, &bytes)
}

/// Whether a grant can be amended: it is the application's own, of this subject, and not over.
fn amendable(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    new: &NewRequest,
    grant: GrantId,
    now: Timestamp,
) -> Result<Result<(), RequestError>, StoreError> {
    let row = tx.get(&GRANTS, &key(&[home.as_bytes(), grant.as_bytes()]))?;
    let theirs = row.filter(|row| row.app == caller.app && row.subject == new.subject);
    Ok(match theirs {
        None => Err(RequestError::NoSuchGrant),
        Some(row) if state_at(&row, now).is_over() => Err(RequestError::GrantOver),
        Some(_) => Ok(()),
    })
}

/// The pending requests that would amend a grant.
fn amending(
    tx: &Tx,
    home: VaultId,
    pending: &[(RequestId, PendingRow)],
    grant: GrantId,
) -> Result<Vec<RequestId>, StoreError> {
    let mut amending = Vec::new();
    for (id, _) in pending {
        let Some(row) = tx.get(&REQUESTS, &key(&[home.as_bytes(), id.as_bytes()]))? else {
            continue;
        };
        let request = ConsentRequest::from_bytes(&row.bytes).map_err(|_| StoreError::Row("requests"))?;
        if request.amends == Some(grant) {
            amending.push(*id);
        }
    }
    Ok(amending)
}

/// A newer amendment takes the place of a pending one.
fn supersede(tx: &Tx, caller: &Caller, home: VaultId, id: RequestId) -> Result<(), StoreError> {
    let at = key(&[home.as_bytes(), id.as_bytes()]);
    if let Some(mut row) = tx.get(&REQUESTS, &at)? {
        row.state = RequestState::Superseded;
        tx.put(&REQUESTS, &at, &row)?;
    }
    tx.remove(
        &PENDING,
        &key(&[home.as_bytes(), caller.app.as_bytes(), id.as_bytes()]),
    )?;
    let closed = Event::RequestClosed {
        request: id,
        how: Closed::Superseded,
    };
    notices::append(tx, home, &closed)
}

/// The request whose grant already covers what is asked.
fn covered(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    asked: &Terms,
    now: Timestamp,
) -> Result<Option<RequestView>, StoreError> {
    let grants = tx.rows(
        &GRANTS_OF_APP,
        &key(&[home.as_bytes(), caller.app.as_bytes()]),
        limits::GRANTS_MAX,
    )?;
    for (grant, ()) in grants {
        let Some(row) = tx.get(&GRANTS, &key(&[home.as_bytes(), &grant]))? else {
            continue;
        };
        if !is_active(&row, now) || !asked.within(&row.terms) {
            continue;
        }
        let Some(request) = tx.get(&REQUESTS, &key(&[home.as_bytes(), row.request.as_bytes()]))? else {
            continue;
        };
        let coverage = if row.terms.within(asked) {
            Coverage::Exact
        } else {
            Coverage::Broader
        };
        return Ok(Some(RequestView {
            coverage: Some(coverage),
            granted: Some(row.terms.clone()),
            grant_id: <[u8; 16]>::try_from(grant.as_slice()).ok().map(GrantId),
            ..view_of(&request, row.request, now)?
        }));
    }
    Ok(None)
}

fn pending(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    now: Timestamp,
) -> Result<Vec<(RequestId, PendingRow)>, StoreError> {
    let mut pending = Vec::new();
    let prefix = key(&[home.as_bytes(), caller.app.as_bytes()]);
    tx.scan(&PENDING, &prefix, &[], |rest, row| {
        if let Ok(id) = <[u8; 16]>::try_from(rest)
            && now < row.expires_at
        {
            pending.push((RequestId(id), row));
        }
        ControlFlow::Continue(())
    })?;
    Ok(pending)
}

fn cooling_down(
    tx: &Tx,
    caller: &Caller,
    home: VaultId,
    terms: &Terms,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    for detail in &terms.details {
        let at = key(&[home.as_bytes(), caller.app.as_bytes(), &[detail.category as u8]]);
        let until = tx.get(&COOL_DOWNS, &at)?;
        if let Some(until) = until.filter(|until| now < *until) {
            return Ok(Some(until));
        }
    }
    Ok(None)
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
