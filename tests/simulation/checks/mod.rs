//! What must hold: of every answer that a developer gets, of every withdrawal, and of everything once the
//! world is quiet.

mod answers;
mod at_rest;
mod known;
mod revoked;
