//! The one writer: it drains its queue into one durable transaction, then answers everybody in it.

use std::{
    sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
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

/// What waits for the writer. Whoever holds it is the writer.
pub(crate) struct Work {
    file: SealedFile,
    jobs: Receiver<Box<dyn Job>>,
}

/// One caller's part of a transaction.
trait Job: Send {
    fn run(&mut self, tx: &Tx) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Call<F, T> {
    work: Option<F>,
    result: Option<T>,
    waiter: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Call<F, T>
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
    /// A writer on a thread of its own.
    pub(super) fn start(file: SealedFile) -> std::io::Result<Self> {
        let (mut writer, work) = Self::stepped(file);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work.serve())?;
        writer.thread = Some(thread);
        Ok(writer)
    }

    /// A writer whose work the caller does.
    pub(super) fn stepped(file: SealedFile) -> (Self, Work) {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let writer = Self {
            queue: Some(queue),
            thread: None,
        };
        (writer, Work { file, jobs })
    }

    /// Queues `work`, at once and in the order of the calls, to run inside a transaction. The future
    /// completes once that is durable. Work that returns an error must mean that the store failed: it
    /// undoes the transaction for everybody in it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'static {
        let (waiter, answer) = oneshot::channel();
        let queued = self.queue(Box::new(Call {
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

impl Work {
    /// Works until the store is gone.
    fn serve(&self) {
        while let Ok(first) = self.jobs.recv() {
            self.commit_with(first);
        }
    }

    /// Does what waits now, in one transaction. Returns how many calls it answered; none if nothing waited.
    pub(crate) fn step(&self) -> usize {
        match self.jobs.try_recv() {
            Ok(first) => self.commit_with(first),
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => 0,
        }
    }

    fn commit_with(&self, first: Box<dyn Job>) -> usize {
        let mut batch = vec![first];
        batch.extend(self.jobs.try_iter().take(BATCH_MAX - 1));
        let committed = commit(&self.file, &mut batch);
        let calls = batch.len();
        if let Err(error) = &committed {
            tracing::error!(%error, calls, "a transaction failed");
        }
        for job in batch {
            job.answer(committed.clone());
        }
        calls
    }
}

fn commit(file: &SealedFile, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let tx = Tx::new(file.write()?);
    for job in batch {
        job.run(&tx)?;
    }
    tx.commit()
}
