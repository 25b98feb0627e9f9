//! What a recovery code can do, and what nothing else can.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use vault_wire::{
    certificate::{Certificate, Role},
    frame::{EscrowKept, Recovered, Refusal, Revoked, StatementOutcome},
    recovery::{Escrow, RecoveryProof, RecoverySecret, Revocation, SignedEscrow, VaultSecrets},
    signature::{PublicKey, SecretKey},
    statement::Event,
    time::Timestamp,
};

use super::{
    device::{Device, batch, brand},
    restore::{Kept, both_files, restarted},
    world::World,
};
use crate::{
    Server,
    service::{
        enrol::admit,
        push::{PushError, push},
        recovery::{keep_escrow, recovered, revoke},
    },
    store::{Rows, tables::ESCROWS},
};

fn code(seed: u8) -> RecoverySecret {
    RecoverySecret::from_seeds(&[seed; 32], &[seed ^ 0xff; 32])
}

fn new_device() -> SecretKey {
    SecretKey::from_seed(&[0x77; 32])
}

/// What a vault seals to its codes under a number.
fn escrow(device: &Device, codes: &[u8], number: u64) -> SignedEscrow {
    let mut rng = ChaCha20Rng::from_seed([number.to_le_bytes()[0]; 32]);
    let secrets = VaultSecrets {
        owner: *device.owner.seed(),
        sharing: [0x33; 32],
    };
    let seal = |seed: &u8| {
        let public = code(*seed).public(&device.owner.public());
        public.seal(&secrets, device.vault, number, &mut rng).unwrap()
    };
    let holders = codes.iter().map(seal).collect();
    Escrow::new(device.vault, number, device_time(), holders).sign(&device.owner)
}

fn device_time() -> Timestamp {
    Timestamp::from_unix_ms(1)
}

async fn keep(world: &World, codes: &[u8], number: u64) -> EscrowKept {
    let sent = escrow(&world.device, codes, number);
    keep_escrow(&world.server, world.device.vault, sent)
        .await
        .unwrap()
}

/// Asks with the key of one code and a proof by another, as the new device.
fn ask(server: &Server, key: PublicKey, by: &RecoverySecret) -> Result<Recovered, Refusal> {
    let challenge = RecoveryProof::new([5; 32], new_device().public(), server.tls().fingerprint());
    recovered(server, key, &challenge, &challenge.sign(by))
}

fn ask_with(server: &Server, seed: u8) -> Result<Recovered, Refusal> {
    ask(server, code(seed).key(), &code(seed))
}

async fn take_over(world: &World, seed: u8, number: u64, stays: &SecretKey) -> Result<Revoked, Refusal> {
    let revocation = Revocation::new(world.device.vault, number, stays.public(), device_time());
    let signed = revocation.sign(&world.device.owner, &code(seed));
    revoke(&world.server, stays.public(), signed).await
}

fn is_admitted(world: &World, transport: &SecretKey) -> bool {
    let (vault, key, at) = (world.device.vault, transport.public(), device_time());
    let certificate = Certificate::new(vault, key, Role::Transport, at).sign(&world.device.owner);
    admit(
        &world.server,
        transport.public(),
        world.device.vault,
        &certificate,
    )
    .is_ok()
}

#[tokio::test]
async fn only_the_code_itself_gets_what_was_sealed_to_it_and_all_else_is_one_answer() {
    let world = World::new().await;
    assert_eq!(
        keep(&world, &[1, 2], 1).await,
        EscrowKept {
            number: 1,
            kept: true
        }
    );
    let found = ask_with(&world.server, 2).unwrap();
    let said = found.escrow.verify().unwrap();
    let holder = said.holder(&code(2).key()).unwrap();
    let secrets = code(2).open(holder, said.vault, said.number).unwrap();
    assert_eq!(secrets.owner, *world.device.owner.seed());

    let unknown = ask_with(&world.server, 3).unwrap_err();
    let known_but_unproven = ask(&world.server, code(1).key(), &code(3)).unwrap_err();
    assert_eq!(unknown, Refusal::NothingToRecover);
    assert_eq!(known_but_unproven, unknown);
    let elsewhere = RecoveryProof::new([5; 32], new_device().public(), [0; 32]);
    let relayed = recovered(
        &world.server,
        code(1).key(),
        &RecoveryProof::new([5; 32], new_device().public(), world.server.tls().fingerprint()),
        &elsewhere.sign(&code(1)),
    );
    assert_eq!(relayed, Err(unknown), "a proof that was meant for another server");
}

#[tokio::test]
async fn whoever_has_the_servers_data_and_keys_has_nothing_that_opens_an_escrow() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    let row = world
        .server
        .store()
        .view()
        .unwrap()
        .get(&ESCROWS, world.device.vault.as_bytes());
    let kept = row.unwrap().unwrap().escrow;
    for secret in [*world.device.owner.seed(), [0x33; 32]] {
        assert!(!kept.bytes.windows(32).any(|bytes| bytes == secret));
    }
    let said = kept.verify().unwrap();
    let holder = said.holder(&code(1).key()).unwrap();
    let keys = world.server.keys();
    for sealing in [keys.sealing.as_bytes(), &*keys.store, &*keys.receipts.seed()] {
        let thief = RecoverySecret::from_seeds(&keys.receipts.seed(), sealing);
        assert!(thief.open(holder, said.vault, said.number).is_err());
        assert!(ask(&world.server, holder.key, &thief).is_err());
    }
}

#[tokio::test]
async fn an_older_escrow_never_replaces_a_newer_one_and_its_code_finds_nothing_any_more() {
    let world = World::new().await;
    keep(&world, &[1], 5).await;
    assert!(keep(&world, &[2], 6).await.kept);
    let refused = EscrowKept {
        number: 6,
        kept: false,
    };
    assert_eq!(keep(&world, &[1], 5).await, refused);
    assert_eq!(
        keep(&world, &[1], 6).await,
        refused,
        "another one under the number that is taken"
    );
    assert!(keep(&world, &[2], 6).await.kept, "the same one again");
    assert!(ask_with(&world.server, 1).is_err());
    assert!(ask_with(&world.server, 2).is_ok());
    assert!(keep(&world, &[], 7).await.kept);
    assert!(ask_with(&world.server, 2).is_err(), "no code is left");
}

#[tokio::test]
async fn data_set_back_to_an_older_escrow_give_it_to_nobody() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    let world = restarted(world, || ()).await;
    let [data, _] = both_files(&world).map(Kept::of);
    keep(&world, &[2], 2).await;
    let world = restarted(world, || data.put_back()).await;
    assert!(ask_with(&world.server, 1).is_err());
    let (welcome, _) = world.device.greet(&world.server, 1, vec![], vec![]).await;
    assert_eq!(welcome.escrow, 0, "the device is asked for the newer one");
    assert_eq!(keep(&world, &[1], 1).await.number, 2);
    assert!(keep(&world, &[2], 2).await.kept);
    assert!(ask_with(&world.server, 2).is_ok());
}

#[tokio::test]
async fn nobody_keeps_an_escrow_for_somebody_else() {
    let world = World::new().await;
    let stranger = Device::enrolled(&world.server, world.caller.app, 9).await;
    let foreign = escrow(&stranger, &[1], 1);
    let refused = keep_escrow(&world.server, world.device.vault, foreign).await;
    assert_eq!(refused, Err(Refusal::BadFrame));
    let mut tampered = escrow(&world.device, &[1], 1);
    *tampered.bytes.last_mut().unwrap() ^= 1;
    let refused = keep_escrow(&world.server, world.device.vault, tampered).await;
    assert_eq!(refused, Err(Refusal::BadFrame));
}

#[tokio::test]
async fn a_revocation_needs_the_owner_key_and_a_code_that_counts() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    let foreign_code = take_over(&world, 2, 1, &new_device()).await;
    assert_eq!(foreign_code, Err(Refusal::NothingToRecover));
    let revocation = Revocation::new(world.device.vault, 1, new_device().public(), device_time());
    let without_owner = revocation.sign(&SecretKey::from_seed(&[0x55; 32]), &code(1));
    let refused = revoke(&world.server, new_device().public(), without_owner).await;
    assert_eq!(refused, Err(Refusal::BadCertificate));
    let signed = revocation.sign(&world.device.owner, &code(1));
    let by_another = revoke(&world.server, world.device.transport.public(), signed).await;
    assert_eq!(
        by_another,
        Err(Refusal::BadCertificate),
        "only for the device itself"
    );
    assert!(is_admitted(&world, &world.device.transport));
}

#[tokio::test]
async fn the_device_that_stays_is_the_only_one_from_then_on_also_in_restored_data() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    let world = restarted(world, || ()).await;
    let [data, _] = both_files(&world).map(Kept::of);
    assert_eq!(
        take_over(&world, 1, 1, &new_device()).await,
        Ok(Revoked { number: 1 })
    );
    assert!(!world.device.session.is_current(), "it is sent away at once");
    assert_eq!(
        take_over(&world, 1, 1, &new_device()).await,
        Ok(Revoked { number: 1 }),
        "again"
    );
    let world = restarted(world, || data.put_back()).await;
    assert!(is_admitted(&world, &new_device()));
    assert!(!is_admitted(&world, &world.device.transport));
    let third = SecretKey::from_seed(&[0x78; 32]);
    assert!(
        !is_admitted(&world, &third),
        "a key that the owner key of the lost device certifies"
    );
    assert_eq!(take_over(&world, 1, 1, &third).await, Err(Refusal::Revoked));
    assert_eq!(take_over(&world, 1, 2, &third).await, Ok(Revoked { number: 2 }));
    assert!(is_admitted(&world, &third) && !is_admitted(&world, &new_device()));
}

#[tokio::test]
async fn a_revocation_and_an_escrow_that_only_the_data_know_are_entered_into_a_ledger_that_was_set_back() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    let world = restarted(world, || ()).await;
    let [data, ledger] = both_files(&world).map(Kept::of);
    keep(&world, &[1, 2], 2).await;
    take_over(&world, 1, 1, &new_device()).await.unwrap();
    let world = restarted(world, || ledger.put_back()).await;
    assert!(!is_admitted(&world, &world.device.transport));
    let world = restarted(world, || data.put_back()).await;
    assert!(!is_admitted(&world, &world.device.transport));
    assert_eq!(
        ask_with(&world.server, 1),
        Err(Refusal::NothingToRecover),
        "the escrow was replaced"
    );
    let world = restarted(world, || ledger.put_back()).await;
    assert!(
        !is_admitted(&world, &world.device.transport),
        "the data took the revocation over from the ledger"
    );
}

#[tokio::test]
async fn what_a_lost_device_had_queued_behind_its_revocation_is_not_heard() {
    let world = World::new().await;
    keep(&world, &[1], 1).await;
    world.ask().await;
    let mut given = world.device.approve(&world.server).await;
    let (mut withdrawn, kept) = (given.clone(), given.clone());
    let entry = world.device.receipt(&given, 1, 1, &brand("Acme"));
    let stays = new_device();
    let (revoked, pause, withdrawal, ack) = tokio::join!(
        take_over(&world, 1, 1, &stays),
        world.device.follow(&world.server, &mut given, Event::Paused),
        world
            .device
            .follow(&world.server, &mut withdrawn, Event::Withdrawn),
        async { push(&world.server, &world.device.session, batch(&kept, vec![entry])).await },
    );
    assert_eq!(revoked, Ok(Revoked { number: 1 }));
    for outcome in [pause, withdrawal] {
        assert!(matches!(outcome, StatementOutcome::Refused(_)), "{outcome:?}");
    }
    assert_eq!(ack, Err(PushError::TakenOver));
    assert!(world.read().await.unwrap().records.is_empty(), "nothing changed");
}
