//! What an owner does about consent. All of it works without a network.

use vault_wire::id::{GrantId, RequestId};

use super::Vault;
use crate::{
    consent::{self, Activity, DomainAnswer, ErasureProof, Grant, InboxRequest, Preview, Selection},
    error::Error,
    well_known::AppDocuments,
};

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

    /// The erasure receipts. Each was checked against the key of its server when it came, and its
    /// signature is checked again now.
    pub fn erasures(&self) -> Result<Vec<ErasureProof>, Error> {
        consent::erasures(&self.view()?)
    }
}
