//! A connection with its session, from the first byte to the last.

use std::time::Duration;

use tokio::time::timeout;
use vault_wire::{
    frame::{LinkCode, Reader, encode},
    time::Timestamp,
};

use super::{
    ServerRow, SyncError, SyncEvent, SyncReport, connected_server,
    session::Session,
    set_server,
    transport::{First, Moved, Transport},
};
use crate::{error::Error, store::SharedStore};

/// How long the server may owe an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long TCP is tried first after UDP did not get through, in milliseconds (10 minutes).
const UDP_BLOCKED_MS: i64 = 600_000;

/// When a session may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Once everything is said and acknowledged.
    Settled,
    /// Once a link code came.
    LinkCode,
    /// Not by itself.
    Stopped,
}

/// A connection with its session.
pub(crate) struct Connection {
    transport: Transport,
    reader: Reader,
    session: Session,
    store: SharedStore,
    /// Bytes of frames in both directions.
    frame_bytes: u64,
}

impl Connection {
    /// Connects to a server and begins a session. `enrol` holds the invitation, if there is one, when
    /// the vault is to be enrolled.
    pub(crate) async fn open(
        store: SharedStore,
        server: &ServerRow,
        enrol: Option<Option<String>>,
    ) -> Result<Self, Error> {
        let session = Session::begin(store.clone(), enrol)?;
        let (now, seed) = (store.now(), store.identity.transport_seed());
        let first = first_try(server, now);
        let transport = Transport::open(&server.address, server.pin, &seed, first).await?;
        remember(&store, server, &transport, now)?;
        Ok(Self {
            transport,
            reader: Reader::default(),
            session,
            store,
            frame_bytes: 0,
        })
    }

    /// Asks for a link code in this session.
    pub(crate) fn ask_for_link_code(&mut self) {
        self.session.ask_for_link_code();
    }

    /// The link code, once it came.
    pub(crate) fn take_link_code(&mut self) -> Option<LinkCode> {
        self.session.take_link_code()
    }

    /// Runs the session until it may end, telling the host what happens.
    pub(crate) async fn run(
        &mut self,
        until: Until,
        mut tell: impl FnMut(SyncEvent),
    ) -> Result<SyncReport, Error> {
        let mut commits = self.store.commits();
        let mut network = self.store.network_changes();
        loop {
            self.send_all(&mut tell).await?;
            if until == Until::Settled && self.session.is_settled() {
                return Ok(self.report());
            }
            if self.session.has_more_to_look_at() {
                tokio::task::yield_now().await;
                continue;
            }
            let owed = self.session.awaits_answer() || until == Until::LinkCode;
            tokio::select! {
                frames = read_frames(&mut self.transport, &mut self.reader, &mut self.session) => {
                    self.frame_bytes += frames.map_err(|error| self.refusal_or(error))?;
                    if until == Until::LinkCode && self.session.has_link_code() {
                        return Ok(self.report());
                    }
                }
                changed = commits.changed() => {
                    changed.map_err(|_| Error::Locked)?;
                    self.session.wake();
                }
                changed = network.changed() => {
                    changed.map_err(|_| Error::Locked)?;
                    if self.transport.network_changed() == Moved::Lost {
                        return Err(SyncError::NetworkChanged.into());
                    }
                }
                () = tokio::time::sleep(ANSWER_TIMEOUT), if owed => return Err(SyncError::Timeout.into()),
            }
        }
    }

    fn report(&self) -> SyncReport {
        SyncReport {
            frame_bytes: self.frame_bytes,
            network_bytes: self.transport.network_bytes(),
            ..self.session.report()
        }
    }

    async fn send_all(&mut self, tell: &mut impl FnMut(SyncEvent)) -> Result<(), Error> {
        loop {
            let frame = self.session.next_frame()?;
            while let Some(event) = self.session.take_event() {
                tell(event);
            }
            let Some(frame) = frame else {
                return Ok(());
            };
            let bytes = encode(&frame);
            self.frame_bytes += bytes.len() as u64;
            if let Err(unreachable) = self.transport.send(&bytes).await {
                // The reason may already have arrived on the other half of the stream.
                let read = read_frames(&mut self.transport, &mut self.reader, &mut self.session);
                let answer = timeout(Duration::from_secs(1), read).await;
                return Err(answer
                    .ok()
                    .and_then(Result::err)
                    .filter(is_refusal)
                    .unwrap_or(unreachable.into()));
            }
        }
    }

    fn refusal_or(&self, error: Error) -> Error {
        match self.transport.ended() {
            Some(reason) if !is_refusal(&error) => reason.into(),
            _ => error,
        }
    }

    /// Ends the connection in good order: what was sent last still arrives.
    pub(crate) async fn close(self) {
        self.transport.close().await;
    }
}

fn first_try(server: &ServerRow, now: Timestamp) -> First {
    match server.udp_blocked_until {
        Some(until) if now < until => First::Tcp,
        _ => First::Quic,
    }
}

/// Remembers whether UDP got through, if that is news.
fn remember(
    store: &SharedStore,
    server: &ServerRow,
    transport: &Transport,
    now: Timestamp,
) -> Result<(), Error> {
    let blocked_until = match (transport.is_quic(), first_try(server, now)) {
        (true, _) => None,
        (false, First::Tcp) => server.udp_blocked_until,
        (false, First::Quic) => Some(now.plus_ms(UDP_BLOCKED_MS)),
    };
    if blocked_until == server.udp_blocked_until {
        return Ok(());
    }
    let mut known = connected_server(&store.view()?)?;
    known.udp_blocked_until = blocked_until;
    store.update(|transaction| set_server(transaction, &known))
}

fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Sync(SyncError::Refused(_)))
}

/// Waits for bytes and takes in every frame that they complete. Returns how many bytes came.
async fn read_frames(
    transport: &mut Transport,
    reader: &mut Reader,
    session: &mut Session,
) -> Result<u64, Error> {
    let mut bytes = transport.receive().await?;
    let length = bytes.len() as u64;
    while let Some(frame) = reader.next(&mut bytes).map_err(SyncError::Frame)? {
        session.receive(frame)?;
    }
    Ok(length)
}
