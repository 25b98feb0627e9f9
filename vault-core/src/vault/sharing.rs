//! What an owner does about consent. All of it works without a network.

use vault_wire::{
    id::{GrantId, RequestId},
    time::Timestamp,
};

use super::Vault;
use crate::{
    consent::{
        self, Activity, DomainAnswer, ErasureProof, Grant, InboxRequest, Preview, Receipt, RefusedStatement,
        Selection,
    },
    error::Error,
    sync::{LogStanding, Shared, log_standing, shared},
    well_known::AppDocuments,
};

/// What was said of a grant, and what the server holds of it.
#[derive(Clone, Debug)]
pub struct GrantHistory {
    /// Every statement, by number; refused ones last.
    pub receipts: Vec<Receipt>,
    /// Those that the server did not accept.
    pub refused: Vec<RefusedStatement>,
    /// What the server holds, and what it did not take.
    pub shared: Shared,
}

impl Vault {
    /// Every consent request that reached this vault, latest first.
    pub fn requests(&self) -> Result<Vec<InboxRequest>, Error> {
        let store = self.store()?;
        consent::requests(&store.view()?, store.now())
    }

    /// One consent request.
    pub fn request(&self, id: RequestId) -> Result<InboxRequest, Error> {
        let store = self.store()?;
        consent::request(&store.view()?, id, store.now())
    }

    /// Exactly what would leave under a selection, with the first `sample` records of each category.
    pub fn preview(&self, id: RequestId, selection: &Selection, sample: usize) -> Result<Preview, Error> {
        consent::preview(&*self.store()?, id, selection, sample)
    }

    /// Agrees to a selection of what was asked.
    ///
    /// # Errors
    /// [`Error::InvalidSelection`] if it allows more than was asked or nothing, [`Error::RequestClosed`].
    pub fn approve(&self, id: RequestId, selection: &Selection) -> Result<GrantId, Error> {
        consent::approve(&*self.store()?, id, selection)
    }

    /// Refuses a consent request.
    pub fn reject(&self, id: RequestId) -> Result<(), Error> {
        consent::reject(&*self.store()?, id)
    }

    /// Asks the own domains of those who ask whether they are who they say, and pins the answers. Open
    /// requests show it by [`InboxRequest::voucher`]. A domain that cannot be reached is asked again the
    /// next time. Blocks while it asks.
    ///
    /// # Errors
    /// Those of the vault; a domain's silence is part of the answer.
    pub fn ask_domains(&self, documents: &dyn AppDocuments) -> Result<Vec<DomainAnswer>, Error> {
        consent::ask_domains(&*self.store()?, documents)
    }

    /// Every grant, latest first.
    pub fn grants(&self) -> Result<Vec<Grant>, Error> {
        let store = self.store()?;
        consent::grants(&store.view()?, store.now())
    }

    /// One grant.
    pub fn grant(&self, id: GrantId) -> Result<Grant, Error> {
        let store = self.store()?;
        consent::grant(&store.view()?, id, store.now())
    }

    /// Suspends a grant: exports stop at once, reads as soon as the server knows. What it holds stays there.
    ///
    /// # Errors
    /// [`Error::GrantOver`], [`Error::GrantStands`] if it is paused already.
    pub fn pause(&self, id: GrantId) -> Result<(), Error> {
        consent::pause(&*self.store()?, id)
    }

    /// Lets a paused grant go on from where it stopped.
    ///
    /// # Errors
    /// [`Error::GrantOver`], [`Error::GrantStands`] if it is active.
    pub fn resume(&self, id: GrantId) -> Result<(), Error> {
        consent::resume(&*self.store()?, id)
    }

    /// Leaves a running grant less than it has. Where it then shows less, the server destroys what it
    /// holds, and gets what is left under a new key.
    ///
    /// # Errors
    /// [`Error::GrantOver`], [`Error::InvalidSelection`] if it allows more, nothing, or the same.
    pub fn narrow(&self, id: GrantId, selection: &Selection) -> Result<(), Error> {
        consent::narrow(&*self.store()?, id, selection)
    }

    /// Exactly what a grant would still show if it were narrowed so, with the first `sample` records of
    /// each category.
    pub fn preview_narrowed(
        &self,
        id: GrantId,
        selection: &Selection,
        sample: usize,
    ) -> Result<Preview, Error> {
        consent::preview_narrowed(&*self.store()?, id, selection, sample)
    }

    /// Confirms a grant for longer: until a moment, or without one for as long as was asked.
    ///
    /// # Errors
    /// [`Error::GrantOver`], [`Error::InvalidSelection`] if that is longer than was asked or shorter than
    /// now.
    pub fn renew(&self, id: GrantId, until: Option<Timestamp>) -> Result<(), Error> {
        consent::renew(&*self.store()?, id, until)
    }

    /// What was said of a grant, and what the server holds of it.
    pub fn grant_history(&self, id: GrantId) -> Result<GrantHistory, Error> {
        let store = self.store()?;
        let view = store.view()?;
        let row = consent::grant_row(&view, id)?.ok_or(Error::NotFound("grant"))?;
        Ok(GrantHistory {
            receipts: consent::receipts(&store, &view, id)?,
            refused: consent::refusals(&view, id)?,
            shared: shared(&store, &view, id, &row)?,
        })
    }

    /// Every grant, and every refusal, of which there are statements.
    pub fn statement_chains(&self) -> Result<Vec<GrantId>, Error> {
        consent::chains(&self.view()?)
    }

    /// The consent receipts of a grant, or of a refusal, by number: every statement with all that it takes
    /// to check it offline. Refused ones come last.
    pub fn receipts(&self, id: GrantId) -> Result<Vec<Receipt>, Error> {
        let store = self.store()?;
        consent::receipts(&store, &store.view()?, id)
    }

    /// Takes a grant back. Exports stop at once; the server learns of it first of all at the next sync.
    ///
    /// # Errors
    /// [`Error::GrantOver`] if it is over already.
    pub fn withdraw(&self, id: GrantId) -> Result<(), Error> {
        consent::withdraw(&*self.store()?, id)
    }

    /// What the server told, latest first: reads, refused reads, linked applications, requests.
    pub fn activity(&self, limit: usize) -> Result<Vec<Activity>, Error> {
        consent::activities(&self.view()?, limit)
    }

    /// How the log stands that the server keeps of all it told, and every contradiction in what it signed.
    pub fn log(&self) -> Result<LogStanding, Error> {
        log_standing(&self.view()?)
    }

    /// The erasure receipts. Each was checked against the key of its server when it came, and its
    /// signature is checked again now.
    pub fn erasures(&self) -> Result<Vec<ErasureProof>, Error> {
        let store = self.store()?;
        consent::erasures(&store.view()?, store.identity.vault())
    }
}
