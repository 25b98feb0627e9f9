//! Noticing Ctrl-C, so that long work on files ends tidily instead of in the middle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Whether Ctrl-C was pressed since this was made.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Notices Ctrl-C from here on. Where the system reports none, it ends the command as ever.
    pub(crate) fn noticed() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&pressed);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if runtime.is_ok_and(|runtime| runtime.block_on(tokio::signal::ctrl_c()).is_ok()) {
                noted.store(true, Ordering::Relaxed);
            }
        });
        Self(pressed)
    }

    pub(crate) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
