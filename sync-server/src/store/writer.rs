//! The one writer: it drains its queue into one durable transaction, then answers everybody in it.

use std::{
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;
use vault_file::SealedFile;

use super::{StoreError, typed::Tx};

/// Most calls that wait for the writer. One more is told that the store is overloaded.
const QUEUE_MAX: usize = 4_096;
/// Most calls in one transaction.
const BATCH_MAX: usize = 512;

/// The way to the writer.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// One caller's part of a transaction.
trait Job: Send {
    fn run(&mut self, tx: &Tx) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Work<F, T> {
    work: Option<F>,
    result: Option<T>,
    waiter: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Work<F, T>
where
    F: FnOnce(&Tx) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, tx: &Tx) -> Result<(), StoreError> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(tx)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { result, waiter, .. } = *self;
        // Whoever asked may have given up; the work is done all the same.
        let _ = waiter.send(committed.and_then(|()| result.ok_or(StoreError::Closed)));
    }
}

impl Writer {
    pub(super) fn start(file: SealedFile) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&file, &jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Queues `work`, at once and in the order of the calls, to run inside a transaction. The future
    /// completes once that is durable. Work that returns an error must mean that the store failed: it
    /// undoes the transaction for everybody in it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'static {
        let (waiter, answer) = oneshot::channel();
        let queued = self.queue(Box::new(Work {
            work: Some(work),
            result: None,
            waiter,
        }));
        async move {
            queued?;
            answer.await.map_err(|_| StoreError::Closed)?
        }
    }

    fn queue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        let Some(thread) = self.thread.take() else { return };
        // Work holds a share of the store, so the last one can be let go by the writer itself.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

fn serve(file: &SealedFile, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(BATCH_MAX - 1));
        let committed = commit(file, &mut batch);
        if let Err(error) = &committed {
            tracing::error!(%error, calls = batch.len(), "a transaction failed");
        }
        for job in batch {
            job.answer(committed.clone());
        }
    }
}

fn commit(file: &SealedFile, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let tx = Tx::new(file.write()?);
    for job in batch {
        job.run(&tx)?;
    }
    tx.commit()
}
