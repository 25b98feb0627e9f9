//! Syncing over a transport of the host's: bytes go in, bytes come out.

use std::fmt;

use vault_wire::frame::{LinkCode, Reader, encode};

use super::Vault;
use crate::{
    error::Error,
    sync::{
        ServerAddress, ServerKeyPin, Session, SyncError, SyncEvent, SyncReport, connected_server, set_server,
        trusted,
    },
};

/// One session with a server, from its first byte to the end of the stream that carries it, without a
/// socket. The host must have made sure whom it speaks to, as TLS does.
///
/// Whoever drives it sends what [`say`](Self::say) gives, and hands what comes to [`hear`](Self::hear).
/// After an error the session is over, and another one goes on where this one stopped.
pub struct Conversation {
    session: Session,
    reader: Reader,
}

impl Vault {
    /// Remembers the server that this vault is to speak to, without speaking to it. The key comes from
    /// the operator.
    pub fn trust(&self, server: &ServerAddress, key: ServerKeyPin) -> Result<(), Error> {
        let store = self.store()?;
        let row = trusted(&store, server, key)?;
        store.update(|transaction| set_server(transaction, &row))
    }

    /// Begins a session. A vault that its server does not know yet enrols first; `enrol` then holds the
    /// invitation, if there is one.
    ///
    /// # Errors
    /// [`Error::NotConnected`] if no server is [trusted](Self::trust).
    pub fn converse(&self, enrol: Option<Option<String>>) -> Result<Conversation, Error> {
        let store = self.store()?;
        connected_server(&store.view()?)?;
        Ok(Conversation {
            session: Session::begin(store, enrol)?,
            reader: Reader::default(),
        })
    }
}

impl Conversation {
    /// The next bytes to send: one frame. Nothing, if there is none now. What was heard is durable by
    /// then, and so is what must be remembered of what is sent.
    pub fn say(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.session.next_frame()?.map(|frame| encode(&frame)))
    }

    /// Takes in the next bytes of the server.
    pub fn hear(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while let Some(frame) = self.reader.next(&mut bytes).map_err(SyncError::Frame)? {
            self.session.receive(frame)?;
        }
        Ok(())
    }

    /// The vault changed: there may be more to send.
    pub fn wake(&mut self) {
        self.session.wake();
    }

    /// Whether everything is said and acknowledged on both sides, as far as this side knows.
    pub fn is_settled(&self) -> bool {
        self.session.is_settled()
    }

    /// Whether there is more to say at once, without hearing from the server before.
    pub fn has_more_to_say(&self) -> bool {
        self.session.has_more_to_look_at()
    }

    /// Asks for a link code.
    pub fn ask_for_link_code(&mut self) {
        self.session.ask_for_link_code();
    }

    /// The link code, once it came.
    pub fn take_link_code(&mut self) -> Option<LinkCode> {
        self.session.take_link_code()
    }

    /// The next thing to tell the owner.
    pub fn take_event(&mut self) -> Option<SyncEvent> {
        self.session.take_event()
    }

    /// What this session did so far.
    pub const fn report(&self) -> SyncReport {
        self.session.report()
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Conversation(..)")
    }
}
