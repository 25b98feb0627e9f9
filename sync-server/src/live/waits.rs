//! Calls that wait for a decision.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use vault_wire::id::{AccountId, RequestId};

/// Every call that waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    requests: HashMap<RequestId, watch::Sender<()>>,
    accounts: HashMap<AccountId, usize>,
}

/// One call that waits; it counts until it is dropped.
pub(crate) struct Wait {
    account: AccountId,
    request: RequestId,
    changes: watch::Receiver<()>,
    all: Waits,
}

impl Waits {
    /// Begins to wait, unless `limit` calls of the account do already.
    pub(crate) fn enter(&self, account: AccountId, request: RequestId, limit: usize) -> Option<Wait> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = waiting.accounts.entry(account).or_default();
        if *calls >= limit {
            return None;
        }
        *calls += 1;
        let changes = waiting
            .requests
            .entry(request)
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe();
        Some(Wait {
            account,
            request,
            changes,
            all: self.clone(),
        })
    }

    /// Tells those who wait for a request to look again.
    pub(crate) fn wake(&self, request: RequestId) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(changes) = waiting.requests.get(&request) {
            changes.send_replace(());
        }
    }
}

impl Wait {
    /// Completes when the request has changed since the wait began or since the last time.
    pub(crate) async fn changed(&mut self) {
        // The sender stays as long as anybody waits.
        let _ = self.changes.changed().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waiting = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = waiting.accounts.get_mut(&self.account) {
            *calls -= 1;
            if *calls == 0 {
                waiting.accounts.remove(&self.account);
            }
        }
        let is_last = waiting
            .requests
            .get(&self.request)
            .is_some_and(|changes| changes.receiver_count() == 1);
        if is_last {
            waiting.requests.remove(&self.request);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId([1; 16]);
    const REQUEST: RequestId = RequestId([2; 16]);

    #[tokio::test]
    async fn a_change_between_entering_and_waiting_is_not_missed() {
        let waits = Waits::default();
        let mut wait = waits.enter(ACCOUNT, REQUEST, 1).unwrap();
        waits.wake(REQUEST);
        wait.changed().await;
    }

    #[test]
    fn an_account_holds_only_so_many_calls_open_and_leaves_nothing_behind() {
        let waits = Waits::default();
        let first = waits.enter(ACCOUNT, REQUEST, 1).unwrap();
        assert!(waits.enter(ACCOUNT, REQUEST, 1).is_none());
        assert!(waits.enter(AccountId([9; 16]), REQUEST, 1).is_some());
        drop(first);
        drop(waits.enter(ACCOUNT, REQUEST, 1).unwrap());
        let waiting = waits.0.lock().unwrap();
        assert!(waiting.requests.is_empty() && waiting.accounts.is_empty());
    }
}
