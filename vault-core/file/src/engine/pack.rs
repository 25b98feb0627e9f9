//! Finishing a file that was just filled.

use std::sync::Arc;

use super::Database;
use crate::error::Error;

impl Database {
    /// Moves pages into holes and closes, which gives the space behind them back and records what redb needs
    /// to open without scanning. An ordinary commit in between would double the file again: it finds no free
    /// page and grows.
    pub(crate) fn close_packed(mut self: Arc<Self>) -> Result<(), Error> {
        if let Some(database) = Arc::get_mut(&mut self) {
            database.checkpoint()?;
            database.redb_mut().run_mut(redb::Database::compact)?;
        }
        let health = Arc::clone(self.health());
        drop(self);
        Ok(health.check()?)
    }
}
