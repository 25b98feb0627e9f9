//! Servers whose data was set back: what the device tells them, and what they believe.

use std::path::{Path, PathBuf};

use vault_wire::{
    acceptance::{Acceptance, Proof, SignedAcceptance},
    entry::Fingerprint,
    frame::{GrantPosition, Standing, StatementOutcome, StatementRefusal},
    id::{StateId, VaultId},
    signature::SecretKey,
    statement::Event,
};

use super::{
    device::{Device, Given, brand, given},
    greeting::held,
    restore::restarted,
    world::{World, terms},
};
use crate::service::{
    grants::{GrantStatus, grant},
    read::ReadError,
};

/// A device's words for a grant as it stood.
pub(super) fn position(given: &Given, statement: u64, count: u64, print: Fingerprint) -> GrantPosition {
    GrantPosition {
        grant: given.grant,
        statement,
        last: given.last.digest(),
        generation: given.generation,
        count,
        fingerprint: print,
    }
}

fn accepted(outcome: StatementOutcome) -> SignedAcceptance {
    match outcome {
        StatementOutcome::Accepted(acceptance) => acceptance,
        other => panic!("{other:?}"),
    }
}

/// A world whose data was set back to before a consent was given, and what the device kept of it.
pub(super) async fn set_back_to_before_consent() -> (World, Given, Proof) {
    let world = World::new().await;
    let (folder, backup) = places(&world);
    let world = restarted(world, || copied(&folder, &backup)).await;
    world.ask().await;
    let delivered = world.device.asked(&world.server).await;
    let decided = world
        .device
        .decide(&delivered, given(terms()), world.server.now());
    let (given, outcome) = world.device.give(&world.server, &decided).await;
    let proof = Proof {
        request: delivered.bytes,
        request_signature: None,
        acceptance: accepted(outcome),
    };
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &given, vec![entry]).await;
    let world = restarted(world, || put_back(&backup, &folder)).await;
    // Long after every window has closed.
    world.clock.advance_ms(40 * 86_400_000);
    (world, given, proof)
}

/// Where the server keeps its data, and its keys with the erasure ledger; and where copies of both go.
fn places(world: &World) -> ([PathBuf; 2], PathBuf) {
    let folder = world.folder.path();
    (
        [folder.join("data"), folder.join("config")],
        folder.join("backup"),
    )
}

fn copied(folders: &[PathBuf; 2], to: &Path) {
    for (folder, name) in folders.iter().zip(["0", "1"]) {
        std::fs::create_dir_all(to.join(name)).unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(name).join(file.file_name())).unwrap();
        }
    }
}

fn put_back(backup: &Path, folders: &[PathBuf; 2]) {
    for (folder, name) in folders.iter().zip(["0", "1"]) {
        std::fs::remove_dir_all(folder).unwrap();
        std::fs::rename(backup.join(name), folder).unwrap();
    }
}

#[tokio::test]
async fn a_consent_that_was_lost_is_restored_from_the_servers_own_word() {
    let (world, given, proof) = set_back_to_before_consent().await;
    let device = &world.device;
    let (welcome, _) = device
        .greet(
            &world.server,
            1,
            vec![position(&given, 1, 1, Fingerprint([1; 16]))],
            vec![],
        )
        .await;
    assert_eq!(welcome.standings, [(given.grant, Standing::Unknown)]);
    let bare = device
        .submit(&world.server, given.last.clone(), Some((&given.key, 1)))
        .await;
    assert_eq!(bare, StatementOutcome::Refused(StatementRefusal::UnknownRequest));
    let before = proof.acceptance.clone();
    let restored = device
        .submit_again(&world.server, &given.last, Some((&given.key, 1)), proof)
        .await;
    let receipts = world.server.keys().receipts.public();
    let word = |signed: &SignedAcceptance| signed.verify(&receipts).unwrap();
    assert_eq!(word(&accepted(restored)).accepted_at, word(&before).accepted_at);
    let entry = device.receipt(&given, 1, 1, &brand("Acme"));
    let ack = device.push(&world.server, &given, vec![entry]).await;
    assert!(ack.rejected.is_empty(), "{ack:?}");
    assert_eq!(
        world.read().await.unwrap().records.len(),
        1,
        "the subject is known again too"
    );
    let shown = grant(&world.server, &world.caller, given.grant).unwrap();
    assert_eq!(
        (shown.status, shown.created_at),
        (GrantStatus::Active, word(&before).accepted_at)
    );
}

#[tokio::test]
async fn a_proof_counts_for_its_server_its_vault_its_request_and_its_statement_only() {
    let (world, given, proof) = set_back_to_before_consent().await;
    let device = &world.device;
    let keys = world.server.keys();
    let word = proof.acceptance.verify(&keys.receipts.public()).unwrap();
    let said = |vault: VaultId, request, statement, key: &SecretKey| {
        Acceptance::new(vault, request, statement, word.accepted_at, StateId([1; 16])).sign(key)
    };
    let stranger = SecretKey::from_seed(&[77; 32]);
    let (vault, asked, digest) = (word.vault, word.request, word.statement);
    let forgeries = [
        ("another server", said(vault, asked, digest, &stranger)),
        (
            "another vault",
            said(VaultId([9; 16]), asked, digest, &keys.receipts),
        ),
        ("another request", said(vault, [9; 32], digest, &keys.receipts)),
        ("another statement", said(vault, asked, [9; 32], &keys.receipts)),
    ];
    for (what, acceptance) in forgeries {
        let forged = Proof {
            acceptance,
            ..proof.clone()
        };
        let outcome = device
            .submit_again(&world.server, &given.last, Some((&given.key, 1)), forged)
            .await;
        assert_eq!(
            outcome,
            StatementOutcome::Refused(StatementRefusal::UnknownRequest),
            "{what}"
        );
    }
    // Another owner with a stolen proof is another vault, whatever it signs.
    let thief = Device::enrolled(&world.server, device.app, 50).await;
    let stolen = given.last.verify().unwrap().sign(&thief.consent);
    let outcome = thief
        .submit_again(&world.server, &stolen, Some((&given.key, 1)), proof.clone())
        .await;
    assert_eq!(
        outcome,
        StatementOutcome::Refused(StatementRefusal::UnknownRequest)
    );
    let honest = device
        .submit_again(&world.server, &given.last, Some((&given.key, 1)), proof)
        .await;
    accepted(honest);
}

#[tokio::test]
async fn a_proof_does_not_bring_back_what_the_ledger_knows_to_be_withdrawn() {
    let (world, mut given, proof) = set_back_to_before_consent().await;
    let consent = given.last.clone();
    let erased = world
        .device
        .follow(&world.server, &mut given, Event::Withdrawn)
        .await;
    assert!(matches!(erased, StatementOutcome::Erased(_)));
    let outcome = world
        .device
        .submit_again(&world.server, &consent, Some((&given.key, 1)), proof)
        .await;
    assert_eq!(outcome, StatementOutcome::Refused(StatementRefusal::Withdrawn));
}

#[tokio::test]
async fn data_and_ledger_from_before_a_withdrawal_answer_nothing_once_the_device_said_hello() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    world.device.push(&world.server, &given, vec![entry]).await;
    let mut elsewhere = given.clone();
    let (folder, backup) = places(&world);
    let world = restarted(world, || copied(&folder, &backup)).await;
    world
        .device
        .follow(&world.server, &mut given, Event::Withdrawn)
        .await;
    let world = restarted(world, || put_back(&backup, &folder)).await;
    assert!(
        world.read().await.is_ok(),
        "the restored data know nothing of the withdrawal"
    );

    let (welcome, _) = world
        .device
        .greet(&world.server, 1, vec![], vec![given.grant])
        .await;
    assert_eq!(welcome.standings, [(given.grant, Standing::StatementStale(1))]);
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    assert_eq!(
        grant(&world.server, &world.caller, given.grant).unwrap().status,
        GrantStatus::Withdrawn
    );
    let entry = world.device.receipt(&given, 2, 2, &brand("Late"));
    let ack = world.device.push(&world.server, &given, vec![entry]).await;
    assert_eq!(ack.rejected.len(), 1);
    let outcome = world
        .device
        .follow(&world.server, &mut elsewhere, Event::Paused)
        .await;
    let withdrawn = StatementOutcome::Refused(StatementRefusal::Withdrawn);
    assert_eq!(outcome, withdrawn, "another copy of the vault hears why");
    let outcome = world.device.submit(&world.server, given.last.clone(), None).await;
    assert!(matches!(outcome, StatementOutcome::Erased(_)), "{outcome:?}");
    assert!(world.server.grant_keys().get(given.grant, 1).unwrap().is_none());
    let (welcome, _) = world
        .device
        .greet(&world.server, 1, vec![], vec![given.grant])
        .await;
    assert_eq!(welcome.standings, [], "both agree");
}

#[tokio::test]
async fn data_from_before_a_pause_answer_nothing_until_the_pause_came_again() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    let print = held(std::slice::from_ref(&entry));
    world.device.push(&world.server, &given, vec![entry]).await;
    let (folder, backup) = places(&world);
    let world = restarted(world, || copied(&folder, &backup)).await;
    let device = &world.device;
    device.follow(&world.server, &mut given, Event::Paused).await;
    let paused = given.last.clone();
    device.follow(&world.server, &mut given, Event::Resumed).await;
    let resumed = given.last.clone();
    device.follow(&world.server, &mut given, Event::Paused).await;
    let world = restarted(world, || put_back(&backup, &folder)).await;
    assert!(world.read().await.is_ok());
    let device = &world.device;
    let named = position(&given, 4, 1, print);
    let (welcome, _) = device.greet(&world.server, 1, vec![named], vec![]).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::StatementStale(1))]);
    for statement in [paused, resumed, given.last.clone()] {
        assert!(matches!(
            world.read().await,
            Err(ReadError::ConsentRequired { .. })
        ));
        accepted(device.submit(&world.server, statement, None).await);
    }
    assert!(matches!(
        world.read().await,
        Err(ReadError::ConsentRequired { .. })
    ));
    device.follow(&world.server, &mut given, Event::Resumed).await;
    assert_eq!(
        world.read().await.unwrap().records.len(),
        1,
        "what was held stayed"
    );
}

#[tokio::test]
async fn a_device_that_missed_statements_is_sent_each_with_the_servers_word() {
    let world = World::new().await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let device = &world.device;
    device.follow(&world.server, &mut given, Event::Paused).await;
    let named = position(&given, 2, 0, held(&[]));
    for event in [Event::Resumed, Event::Paused] {
        device.follow(&world.server, &mut given, event).await;
    }
    let (welcome, kept) = world.device.greet(&world.server, 1, vec![named], vec![]).await;
    assert_eq!(welcome.standings, [(given.grant, Standing::Behind(4))]);
    let receipts = world.server.keys().receipts.public();
    let numbers: Vec<_> = kept
        .iter()
        .map(|kept| {
            let word = kept.acceptance.verify(&receipts).unwrap();
            assert_eq!(word.statement, kept.statement.digest());
            kept.certificate.verify(&world.device.owner.public()).unwrap();
            kept.statement.verify().unwrap().number
        })
        .collect();
    assert_eq!(numbers, [3, 4]);
}

#[tokio::test]
async fn a_grant_that_ended_by_its_terms_is_told_apart_from_a_withdrawn_one() {
    let world = World::new().await;
    let once = vault_wire::terms::Terms {
        duration: vault_wire::terms::Duration::OneTime,
        ..terms()
    };
    world.try_ask(world.subject, once.clone()).await.unwrap();
    let mut first = world.device.approve(&world.server).await;
    let named = |given: &Given| position(given, 1, 0, held(&[]));
    world
        .device
        .follow(&world.server, &mut first, Event::Withdrawn)
        .await;
    let welcome = world.device.hello(&world.server, 1, named(&first)).await;
    assert_eq!(welcome.standings, [(first.grant, Standing::Withdrawn)]);

    world.clock.advance_ms(8 * 86_400_000);
    world.try_ask(world.subject, once).await.unwrap();
    let second = world.device.approve(&world.server).await;
    world.read().await.unwrap();
    world.clock.advance_ms(2 * 3_600_000);
    crate::service::sweep::sweep(&world.server).await.unwrap();
    let welcome = world.device.hello(&world.server, 1, named(&second)).await;
    assert_eq!(welcome.standings, [(second.grant, Standing::Expired)]);
}
