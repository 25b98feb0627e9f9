//! The lane: one ordered stream of frames in both directions. Entries are read ahead and their
//! acknowledgements follow in order; every other frame waits until the entries before it are durable.

use std::{collections::VecDeque, future::Future, pin::Pin, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use vault_wire::{
    frame::{EntriesAck, Frame, Hello, KeptStatement, Reader, Refusal, Refused, Welcome, encode},
    id::VaultId,
    signature::PublicKey,
};

use super::stream::{Receiving, Sending};
use crate::{
    Server,
    live::Session,
    service::{
        enrol,
        hello::{self, Answer, Lacking},
        link_code, notices,
        push::{PushError, push},
        reconcile::{ReconcileError, reconcile},
        recovery, statement,
    },
};

/// Frames that are read ahead of the one being worked on.
const READ_AHEAD_FRAMES: usize = 8;
/// Batches that wait to be durable.
const PENDING_BATCHES: usize = 16;
/// How long a device may leave what it is sent unread.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a connection is over.
pub(crate) enum Over {
    /// The device left, or is gone.
    Left,
    /// The device cannot go on, and is told why.
    Refused(Refusal),
    /// The server stops.
    Stopping,
}

type Stored = Pin<Box<dyn Future<Output = Result<EntriesAck, PushError>> + Send>>;

/// The lane of one connection.
pub(crate) struct Lane {
    pub(super) server: Server,
    pub(super) device: PublicKey,
    send: Sending,
    /// Boxed, because the channel keeps room ready for many.
    frames: mpsc::Receiver<Result<Box<Frame>, Refusal>>,
    reading: JoinHandle<()>,
    pending: VecDeque<Stored>,
}

/// A device that said HELLO.
struct Greeted {
    session: Session,
    owner_key: PublicKey,
    /// Number of the last notice that was sent.
    told: u64,
}

impl Lane {
    pub(crate) fn new(server: Server, device: PublicKey, send: Sending, receive: Receiving) -> Self {
        let (frames_in, frames) = mpsc::channel(READ_AHEAD_FRAMES);
        Self {
            server,
            device,
            send,
            frames,
            reading: tokio::spawn(read(receive, frames_in)),
            pending: VecDeque::new(),
        }
    }

    /// Serves the device until the connection is over.
    pub(crate) async fn serve(&mut self, greeting: Duration) -> Over {
        // What is large and seldom needed lies on the heap while it is: most connections are idle.
        let greeted = match timeout(greeting, Box::pin(self.greet())).await {
            Ok(Ok(greeted)) => greeted,
            Ok(Err(over)) => return over,
            Err(_) => return Over::Left,
        };
        let (session, devices) = (greeted.session.clone(), self.server.devices().clone());
        let over = self.converse(greeted).await;
        devices.leave(&session);
        match over {
            Ok(never) => match never {},
            Err(over) => over,
        }
    }

    /// Tells the device why the connection ends.
    pub(crate) async fn refuse(&mut self, refusal: Refusal) {
        let _ = self.write(&Frame::Refused(Refused { refusal })).await;
    }

    /// Completes once the device has everything that was sent.
    pub(super) async fn finish(&mut self) {
        self.send.finish().await;
    }

    /// REGISTER, if the device sends it, and HELLO.
    async fn greet(&mut self) -> Result<Greeted, Over> {
        loop {
            match *self.next_frame().await? {
                Frame::Register(register) => {
                    let enrolled = enrol::enrol(&self.server, self.device, register).await;
                    let (_, registered) = enrolled.map_err(Over::Refused)?;
                    self.write(&Frame::Registered(registered)).await?;
                }
                Frame::Recover(said) => self.recover(said).await?,
                Frame::Revoke(revocation) => {
                    let revoked = self.revoke(*revocation).await?;
                    self.write(&revoked).await?;
                }
                Frame::Hello(said) => return self.welcome(said).await,
                _ => return Err(Over::Refused(Refusal::BadFrame)),
            }
        }
    }

    async fn welcome(&mut self, said: Hello) -> Result<Greeted, Over> {
        let vault = said.vault;
        let owner_key =
            enrol::admit(&self.server, self.device, vault, &said.device).map_err(Over::Refused)?;
        let session = self.server.devices().enter(vault, self.device);
        // A revocation that came meanwhile has not met this connection.
        if recovery::is_revoked(&self.server, vault, self.device) {
            self.server.devices().leave(&session);
            return Err(Over::Refused(Refusal::Revoked));
        }
        let Answer {
            welcome,
            lacking,
            told,
        } = match hello::hello(&self.server, vault, self.device, said).await {
            Ok(answer) => answer,
            Err(_) => {
                self.server.devices().leave(&session);
                return Err(Over::Refused(Refusal::Unavailable));
            }
        };
        let greeted = Greeted {
            session,
            owner_key,
            told,
        };
        match self.greet_back(vault, welcome, lacking).await {
            Ok(()) => Ok(greeted),
            Err(over) => {
                self.server.devices().leave(&greeted.session);
                Err(over)
            }
        }
    }

    async fn greet_back(
        &mut self,
        vault: VaultId,
        welcome: Welcome,
        lacking: Vec<Lacking>,
    ) -> Result<(), Over> {
        self.write(&Frame::Welcome(welcome)).await?;
        for (grant, numbers) in lacking {
            let kept = statement::kept(&self.server, vault, grant, &numbers);
            self.remind(kept.map_err(|_| Over::Refused(Refusal::Unavailable))?)
                .await?;
        }
        Ok(())
    }

    /// Sends statements that the device does not know.
    async fn remind(&mut self, kept: Vec<KeptStatement>) -> Result<(), Over> {
        for statement in kept {
            self.write(&Frame::Kept(Box::new(statement))).await?;
        }
        Ok(())
    }

    async fn converse(&mut self, mut greeted: Greeted) -> Result<std::convert::Infallible, Over> {
        let stopping = self.server.stopping().clone();
        self.forget_told(&greeted).await?;
        self.tell(&mut greeted).await?;
        loop {
            let has_room = self.pending.len() < PENDING_BATCHES;
            // In this order: a device that never stops to send keeps nothing else from happening.
            tokio::select! {
                biased;
                () = stopping.requested() => return Err(Over::Stopping),
                () = greeted.session.taken_over() => return Err(self.fenced(&greeted.session)),
                stored = oldest(&mut self.pending), if !self.pending.is_empty() => {
                    self.pending.pop_front();
                    self.acknowledge(&greeted.session, stored).await?;
                }
                () = greeted.session.noticed() => self.tell(&mut greeted).await?,
                frame = self.frames.recv(), if has_room => {
                    let frame = frame.ok_or(Over::Left)?.map_err(Over::Refused)?;
                    Box::pin(self.hear(&greeted, *frame)).await?;
                }
            }
        }
    }

    async fn hear(&mut self, greeted: &Greeted, frame: Frame) -> Result<(), Over> {
        if let Frame::Entries(batch) = frame {
            self.pending
                .push_back(Box::pin(push(&self.server, &greeted.session, batch)));
            return Ok(());
        }
        while let Some(stored) = self.pending.pop_front() {
            let stored = stored.await;
            self.acknowledge(&greeted.session, stored).await?;
        }
        self.check_current(greeted)?;
        let (vault, unavailable) = (greeted.session.vault, |_| Over::Refused(Refusal::Unavailable));
        let answer = match frame {
            Frame::Statement(sent) => {
                let by = (vault, self.device);
                let ack = statement::submit(&self.server, by, greeted.owner_key, *sent)
                    .await
                    .map_err(unavailable)?;
                self.check_current(greeted)?;
                let kept = statement::reminders(&self.server, vault, &ack);
                self.remind(kept.map_err(unavailable)?).await?;
                Frame::StatementAck(Box::new(ack))
            }
            Frame::LinkOpen(_) => {
                Frame::LinkCode(link_code::open(&self.server, vault).await.map_err(unavailable)?)
            }
            Frame::Reconcile(asked) => {
                let answer = reconcile(&self.server, vault, asked).await;
                Frame::Reconciled(answer.map_err(|error| match error {
                    ReconcileError::Malformed => Over::Refused(Refusal::BadFrame),
                    ReconcileError::Unavailable => Over::Refused(Refusal::Unavailable),
                })?)
            }
            Frame::Escrow(escrow) => {
                let kept = recovery::keep_escrow(&self.server, vault, *escrow).await;
                Frame::EscrowKept(kept.map_err(Over::Refused)?)
            }
            Frame::Revoke(revocation) => self.revoke(*revocation).await?,
            Frame::EventsSeen(seen) => {
                return notices::seen(&self.server, vault, seen.through)
                    .await
                    .map_err(unavailable);
            }
            _ => return Err(Over::Refused(Refusal::BadFrame)),
        };
        self.write(&answer).await
    }

    /// Behind a newer HELLO or a revocation nothing may be sent: the log may be another one by then, and the
    /// statement was not heard.
    fn check_current(&self, greeted: &Greeted) -> Result<(), Over> {
        match greeted.session.is_current() {
            true => Ok(()),
            false => Err(self.fenced(&greeted.session)),
        }
    }

    /// Why a connection is to end that was fenced.
    fn fenced(&self, session: &Session) -> Over {
        match recovery::is_revoked(&self.server, session.vault, self.device) {
            true => Over::Refused(Refusal::Revoked),
            false => Over::Refused(Refusal::TakenOver),
        }
    }

    async fn acknowledge(
        &mut self,
        session: &Session,
        stored: Result<EntriesAck, PushError>,
    ) -> Result<(), Over> {
        match stored {
            Ok(ack) => self.write(&Frame::EntriesAck(ack)).await,
            Err(PushError::TakenOver) => Err(self.fenced(session)),
            Err(PushError::Unavailable) => Err(Over::Refused(Refusal::Unavailable)),
        }
    }

    async fn forget_told(&mut self, greeted: &Greeted) -> Result<(), Over> {
        notices::seen(&self.server, greeted.session.vault, greeted.told)
            .await
            .map_err(|_| Over::Refused(Refusal::Unavailable))
    }

    /// Sends every notice that the device was not sent yet, the leaves of those that are gone, and what the
    /// log is by now.
    async fn tell(&mut self, greeted: &mut Greeted) -> Result<(), Over> {
        let (vault, before) = (greeted.session.vault, greeted.told);
        let unavailable = |_| Over::Refused(Refusal::Unavailable);
        loop {
            let gone = notices::gone_after(&self.server, vault, greeted.told).map_err(unavailable)?;
            self.check_current(greeted)?;
            if !gone.leaves.is_empty() {
                greeted.told += gone.leaves.len() as u64;
                self.write(&Frame::LogLeaves(gone)).await?;
                continue;
            }
            let next = notices::after(&self.server, vault, greeted.told)
                .await
                .map_err(unavailable)?;
            self.check_current(greeted)?;
            if next.is_empty() {
                break;
            }
            for notice in next {
                greeted.told = notice.number;
                self.write(&Frame::Notice(Box::new(notice))).await?;
            }
        }
        let head = notices::head_at(&self.server, vault, greeted.told).map_err(unavailable)?;
        match head {
            Some(head) if greeted.told > before => self.write(&Frame::LogHead(head)).await,
            // There is nothing new, or more is on its way, and the head follows that.
            _ => Ok(()),
        }
    }

    pub(super) async fn next_frame(&mut self) -> Result<Box<Frame>, Over> {
        let stopping = self.server.stopping().clone();
        tokio::select! {
            biased;
            frame = self.frames.recv() => frame.ok_or(Over::Left)?.map_err(Over::Refused),
            () = stopping.requested() => Err(Over::Stopping),
        }
    }

    pub(super) async fn write(&mut self, frame: &Frame) -> Result<(), Over> {
        match timeout(SEND_TIMEOUT, self.send.write(&encode(frame))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over::Left),
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn oldest(pending: &mut VecDeque<Stored>) -> Result<EntriesAck, PushError> {
    match pending.front_mut() {
        Some(stored) => stored.await,
        None => std::future::pending().await,
    }
}

/// Reads frames until the device leaves or sends bytes that are none.
async fn read(mut receive: Receiving, frames: mpsc::Sender<Result<Box<Frame>, Refusal>>) {
    let mut reader = Reader::default();
    while let Some(chunk) = receive.read().await {
        let mut bytes: &[u8] = &chunk;
        loop {
            let frame = match reader.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(frame)) => Ok(Box::new(frame)),
                Err(error) => {
                    tracing::info!(%error, "a device sent what is no frame");
                    Err(Refusal::BadFrame)
                }
            };
            let is_last = frame.is_err();
            if frames.send(frame).await.is_err() || is_last {
                return;
            }
        }
    }
}
