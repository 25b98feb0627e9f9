//! Taking in what the server says.

use std::collections::BTreeMap;

use vault_file::Transaction;
use vault_wire::{
    frame::{EntriesAck, Frame, Listing, Rejection, Standing, Welcome},
    id::GrantId,
    limits::{BATCH_ENTRIES_MAX, CREDIT_BYTES},
};

use super::{Incoming, Session, Welcomed};
use crate::{
    consent::{end_forgotten, keep_notice},
    error::Error,
    records::last_change,
    sync::{
        SyncError, SyncEvent, SyncReport,
        lane::Lane,
        progress,
        server::{connected_server, set_server},
        standing,
    },
};

impl Session {
    /// Takes in a frame.
    pub(crate) fn receive(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Registered(_) if self.welcomed.is_none() => Ok(()),
            Frame::Welcome(welcome) if self.welcomed.is_none() => self.welcome(&welcome),
            Frame::Refused(refused) => Err(SyncError::Refused(refused.refusal).into()),
            _ if self.welcomed.is_none() => Err(SyncError::Protocol("it spoke before its welcome").into()),
            Frame::StatementAck(ack) => self.statement_ack(*ack),
            Frame::Kept(kept) => self.statement_kept(&kept),
            Frame::EntriesAck(ack) => {
                self.inbox.push(Incoming::Entries(ack));
                Ok(())
            }
            Frame::Notice(notice) => {
                self.inbox.push(Incoming::Notice(notice));
                Ok(())
            }
            Frame::Listing(listing) => self.listing(&listing),
            Frame::LinkCode(code) => {
                self.link_code = Some(code);
                Ok(())
            }
            _ => Err(SyncError::Protocol("it sent a frame that only a device sends").into()),
        }
    }

    fn welcome(&mut self, welcome: &Welcome) -> Result<(), Error> {
        let store = self.store.clone();
        let view = store.view()?;
        let mut server = connected_server(&view)?;
        if server.keys.is_some_and(|pinned| pinned != welcome.keys) {
            return Err(SyncError::ServerKeysChanged.into());
        }
        let set_back = server.state.is_some_and(|state| state != welcome.state);
        server.keys = Some(welcome.keys);
        server.state = Some(welcome.state);
        let standings: BTreeMap<GrantId, Standing> = welcome.standings.iter().copied().collect();
        self.lanes = store.update(|transaction| {
            set_server(transaction, &server)?;
            let mut lanes = BTreeMap::new();
            for position in standing::positions(&view)? {
                let said = standings.get(&position.grant).copied();
                if let Some(Standing::Behind(number)) = said {
                    self.behind.insert(position.grant, number);
                }
                // Data of another life: whatever it says, what it holds is compared.
                let said = if set_back {
                    said.or(Some(Standing::Reconcile))
                } else {
                    said
                };
                if let Some(lane) = standing::settle(&store, transaction, &view, position.grant, said)? {
                    lanes.insert(position.grant, lane);
                }
            }
            for grant in standing::ended(&view)? {
                if standings.contains_key(&grant) {
                    end_forgotten(transaction, grant)?;
                }
            }
            Ok(lanes)
        })?;
        self.welcomed = Some(Welcomed {
            keys: welcome.keys,
            entries_max: usize::try_from(welcome.limits.batch_entries)
                .unwrap_or(BATCH_ENTRIES_MAX)
                .clamp(1, BATCH_ENTRIES_MAX),
            credit_bytes: welcome.limits.credit_bytes.clamp(1, CREDIT_BYTES),
        });
        self.notices_announced = welcome.last_notice;
        self.events.push_back(SyncEvent::Connected);
        Ok(())
    }

    fn listing(&mut self, listing: &Listing) -> Result<(), Error> {
        match self.lanes.get_mut(&listing.grant) {
            Some(lane) => self.store.update(|transaction| lane.adopt(transaction, listing)),
            None => Err(SyncError::Protocol("it listed a grant that was not asked for").into()),
        }
    }

    pub(super) fn keep_incoming(&mut self) -> Result<(), Error> {
        if self.inbox.is_empty() {
            return Ok(());
        }
        let incoming = std::mem::take(&mut self.inbox);
        let store = self.store.clone();
        let (lanes, report, kept) = (&mut self.lanes, &mut self.report, &mut self.notices_kept);
        self.store.update(|transaction| {
            for frame in &incoming {
                match frame {
                    Incoming::Entries(ack) => take_ack(transaction, lanes, report, ack)?,
                    Incoming::Notice(notice) if notice.number > *kept => {
                        keep_notice(&store, transaction, notice)?;
                        *kept = notice.number;
                        report.notices += 1;
                    }
                    Incoming::Notice(_) => {}
                }
            }
            Ok(())
        })?;
        self.tell_of(incoming)
    }

    fn tell_of(&mut self, incoming: Vec<Incoming>) -> Result<(), Error> {
        let mut acknowledged = false;
        for frame in incoming {
            match frame {
                Incoming::Notice(notice) => self.events.push_back(SyncEvent::Notice(Box::new(notice.event))),
                Incoming::Entries(_) => acknowledged = true,
            }
        }
        if acknowledged {
            let last = last_change(&self.store.view()?)?;
            let remaining = self
                .lanes
                .values()
                .map(|lane| last.saturating_sub(lane.looked()))
                .sum();
            self.events.push_back(SyncEvent::Progress {
                acknowledged: self.report.entries,
                remaining,
            });
        }
        Ok(())
    }
}

fn take_ack(
    transaction: &Transaction,
    lanes: &mut BTreeMap<GrantId, Lane>,
    report: &mut SyncReport,
    ack: &EntriesAck,
) -> Result<(), Error> {
    // A lane that is gone was withdrawn while its last batches were on the way.
    // One of another generation began anew when the owner narrowed the grant.
    let lane = lanes
        .get_mut(&ack.grant)
        .filter(|lane| lane.generation() == ack.generation);
    let Some(lane) = lane else {
        return Ok(());
    };
    if ack.rejected.iter().any(|(_, why)| *why == Rejection::Gap) {
        // The next session's WELCOME says what it holds, and the two sides compare.
        return Err(SyncError::Protocol("a batch did not continue what it holds").into());
    }
    if ack.rejected.iter().any(|(_, why)| *why == Rejection::GrantOver) {
        // Nothing of the batch was stored. The next session's WELCOME says where the grant stands.
        lanes.remove(&ack.grant);
        return progress::drop_batches(transaction, ack.grant);
    }
    let done = lane.acknowledge(transaction, ack)?;
    report.entries += done.entries;
    report.entry_bytes += done.bytes as u64;
    report.rejected += done.rejected;
    Ok(())
}
