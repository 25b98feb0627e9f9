//! Which copy of a vault brings the key of a grant to a server that lacks it.

use super::{
    changes::{brands_of, shown, sync},
    doubles::{Device, Server},
};
use crate::consent::GrantState;

/// The server's data are set back to before a consent.
fn set_back(server: &mut Server) {
    server.chain.clear();
    server.held.clear();
    (server.generation, server.grant_key) = (0, None);
}

#[test]
fn a_key_that_the_server_lost_is_brought_again_with_its_statement_and_the_entries_stay() {
    let (device, mut server) = (Device::new(61), Server::new());
    device.fill(0..3);
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    let batches = server.batches;
    server.grant_key = None;
    sync(&device, &mut server);
    assert_eq!(server.brands(grant), brands_of(&device));
    assert_eq!(server.batches, batches, "nothing had to be sent again");
    assert!(!shown(&device, grant).undelivered);
}

#[test]
fn a_copy_that_says_again_what_another_gave_leaves_the_key_to_the_other() {
    let (device, mut server) = (Device::new(62), Server::new());
    device.fill(0..3);
    let restored = device.restored();
    let grant = device.granted(&mut server);
    sync(&device, &mut server);
    sync(&restored, &mut server);
    set_back(&mut server);
    // The copy says Given again, whose key it never had; its connection ends before its own narrowing comes.
    server.serve(&mut restored.session(), 1).unwrap();
    assert_eq!(server.number(), 1);
    assert!(server.grant_key.is_none());
    sync(&device, &mut server);
    assert_eq!(server.number(), 1, "nothing has to be narrowed");
    assert_eq!(server.brands(grant), brands_of(&device));
    sync(&restored, &mut server);
    assert_eq!(shown(&restored, grant).state, GrantState::Active);
    assert_eq!(
        server.brands(grant),
        brands_of(&restored),
        "under a key of its own"
    );
}
