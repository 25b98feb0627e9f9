//! The vectors that every implementation of the protocol is checked against.

use serde_json::Value as Json;
use vault_wire::{
    Digest, digest,
    entry::{Binding, ContentTag, Entry, GrantSecret, Unopened},
    frame,
    grant_key::{GrantKey, SealedGrantKey, SealingSecretKey},
    id::{GrantId, RecordId, Slot, VaultId},
    payload::{Payload, padded_length},
    purpose::Purpose,
    reconcile::{self, Item, Summary},
    recovery::RecoverySecret,
    signature::{SecretKey, Signature},
};

use crate::{
    messages,
    samples::{self, bytes_of, hex},
};

fn vectors() -> Json {
    serde_json::from_str(include_str!("../../../../tests/vectors/vectors.json")).unwrap()
}

fn list<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json[name].as_array().unwrap()
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap()
}

fn number<T: TryFrom<u64, Error: std::fmt::Debug>>(json: &Json, name: &str) -> T {
    T::try_from(json[name].as_u64().unwrap()).unwrap()
}

fn bytes(json: &Json, name: &str) -> Vec<u8> {
    bytes_of(text(json, name))
}

fn fixed<const N: usize>(json: &Json, name: &str) -> [u8; N] {
    bytes(json, name).try_into().unwrap()
}

#[test]
fn the_frames_are_those_of_the_vectors() {
    let vectors = vectors();
    let samples = messages::frames();
    assert_eq!(list(&vectors, "frames").len(), samples.len());
    for vector in list(&vectors, "frames") {
        let name = text(vector, "name");
        let (_, sample, _) = samples.iter().find(|(found, ..)| *found == name).unwrap();
        let bytes = bytes(vector, "bytes");
        assert_eq!(frame::decode(&bytes[4..]).as_ref(), Ok(sample), "{name}");
        assert_eq!(frame::encode(sample), bytes, "{name}");
    }
}

#[test]
fn the_documents_are_those_of_the_vectors() {
    let vectors = vectors();
    let samples = samples::documents();
    assert_eq!(list(&vectors, "documents").len(), samples.len());
    for vector in list(&vectors, "documents") {
        let name = text(vector, "name");
        let (_, sample, _) = samples.iter().find(|(found, ..)| found == name).unwrap();
        assert_eq!(hex(sample), text(vector, "bytes"), "{name}");
        if name.starts_with("payload") {
            assert_eq!(Payload::from_bytes(sample).unwrap().to_bytes(), *sample, "{name}");
        }
    }
}

#[test]
fn the_signatures_are_those_of_the_vectors() {
    let vectors = vectors();
    for vector in list(&vectors, "signatures") {
        let of = text(vector, "document");
        let mut documents = list(&vectors, "documents").iter();
        let document = bytes(documents.find(|d| text(d, "name") == of).unwrap(), "bytes");
        let key = SecretKey::from_seed(&fixed(vector, "seed"));
        let label = text(vector, "label");
        let signature = Signature(fixed(vector, "signature"));
        assert_eq!(key.public().0, fixed(vector, "key"), "{of}");
        assert_eq!(digest(label, &document), fixed(vector, "digest"), "{of}");
        assert_eq!(key.sign(label, &document), signature, "{of}");
        assert_eq!(key.public().verify(label, &document, &signature), Ok(()), "{of}");
    }
}

#[test]
fn the_ids_are_those_of_the_vectors() {
    let vectors = vectors();
    for vector in list(&vectors, "ids") {
        // The prefix is the only difference between kinds, so one kind's text stands for all.
        let (_, digits) = text(vector, "text").split_once('_').unwrap();
        let id: GrantId = format!("grnt_{digits}").parse().unwrap();
        assert_eq!(id.0, fixed(vector, "bytes"));
    }
    let vault = &vectors["vault_id"];
    assert_eq!(
        VaultId::of_owner(&fixed(vault, "owner_key")).0,
        fixed(vault, "vault")
    );
    let grant = &vectors["grant_of_request"];
    let request: Digest = fixed(grant, "request");
    assert_eq!(GrantId::of_request(&request).0, fixed(grant, "grant"));
}

#[test]
fn slots_tags_fingerprints_and_padding_are_those_of_the_vectors() {
    let vectors = vectors();
    let secret = &vectors["grant_secret"];
    let grant = GrantId(fixed(secret, "grant"));
    let derived = GrantSecret::derive(
        &fixed(secret, "vault_secret"),
        grant,
        number(secret, "generation"),
    );
    let slot = derived.slot(RecordId(fixed(secret, "record")));
    assert_eq!(slot.0, fixed(secret, "slot"));
    assert_eq!(
        derived.content_tag(slot, &bytes(secret, "payload")).0,
        fixed(secret, "tag")
    );

    let held = &vectors["fingerprint"];
    let items: Vec<Item> = list(held, "items")
        .iter()
        .map(|item| Item::new(Slot(fixed(item, "slot")), ContentTag(fixed(item, "tag"))))
        .collect();
    let fingerprint = items.iter().collect::<Summary>().fingerprint();
    assert_eq!(fingerprint.0, fixed(held, "fingerprint"));

    for vector in list(&vectors, "padding") {
        let length: usize = number(vector, "length");
        let padded: usize = number(vector, "padded");
        assert_eq!(padded_length(length), padded, "{length}");
    }
}

#[test]
fn the_reconciliation_of_the_vectors_is_had_word_for_word() {
    let items = |vector: &Json, name| -> messages::Held {
        let items = list(vector, name).iter();
        messages::Held(
            items
                .map(|item| Item(bytes_of(item.as_str().unwrap()).try_into().unwrap()))
                .collect(),
        )
    };
    for vector in list(&vectors(), "reconciliations") {
        let (mut device, mut server) = (items(vector, "device"), items(vector, "server"));
        let mut said = reconcile::question(&mut device).unwrap();
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut messages = list(vector, "messages").iter();
        loop {
            assert_eq!(hex(&said), messages.next().unwrap().as_str().unwrap());
            let answered = reconcile::answer(&mut server, &said).unwrap();
            assert_eq!(hex(&answered), messages.next().unwrap().as_str().unwrap());
            let next = reconcile::compare(&mut device, &answered, |difference| {
                match difference {
                    reconcile::Difference::Ours(item) => ours.push(item),
                    reconcile::Difference::Theirs(item) => theirs.push(item),
                }
                std::ops::ControlFlow::Continue(())
            });
            match next.unwrap() {
                reconcile::Next::Ask(next) => said = next,
                reconcile::Next::Done | reconcile::Next::Stopped => break,
            }
        }
        assert!(messages.next().is_none());
        assert_eq!(ours, items(vector, "only_device").0);
        assert_eq!(theirs, items(vector, "only_server").0);
    }
}

#[test]
fn the_entry_of_the_vectors_opens() {
    let vectors = vectors();
    let vector = &vectors["entry"];
    let entry: Entry = postcard::from_bytes(&bytes(vector, "bytes")).unwrap();
    let binding = Binding {
        grant: GrantId(fixed(vector, "grant")),
        generation: number(vector, "generation"),
        statement: number(vector, "statement"),
    };
    let key = GrantKey::from_bytes(fixed(vector, "key"));
    let opened = entry.open(&key, binding).unwrap();
    assert_eq!(opened.to_bytes(), bytes(vector, "payload"));
    let deletion: Entry = postcard::from_bytes(&bytes(&vectors["deletion"], "bytes")).unwrap();
    assert_eq!(deletion.open(&key, binding), Err(Unopened::Deletion));
}

#[test]
fn the_grant_key_of_the_vectors_opens() {
    let vector = &vectors()["grant_key"];
    let holder = SealingSecretKey::from_seed(&fixed(vector, "holder_ikm"));
    assert_eq!(holder.public().0, fixed(vector, "holder"));
    let sealed = SealedGrantKey {
        enc: fixed(vector, "enc"),
        ciphertext: bytes(vector, "ciphertext"),
    };
    let grant = GrantId(fixed(vector, "grant"));
    let opened = sealed.open(&holder, grant, number(vector, "generation")).unwrap();
    assert_eq!(opened.as_bytes(), &fixed(vector, "key"));
    let commitment = opened.commitment(grant, number(vector, "generation"));
    assert_eq!(commitment.0, fixed(vector, "commitment"));
}

#[test]
fn the_escrow_of_the_vectors_opens_with_the_code_alone() {
    let vectors = vectors();
    let vector = &vectors["recovery"];
    let code = RecoverySecret::from_seeds(&fixed(vector, "signing_seed"), &fixed(vector, "sealing_ikm"));
    assert_eq!(code.key().0, fixed(vector, "key"));
    let escrow = samples::escrow().verify().unwrap();
    let holder = escrow.holder(&code.key()).unwrap();
    assert_eq!(hex(&holder.enc), text(vector, "enc"));
    assert_eq!(hex(&holder.ciphertext), text(vector, "ciphertext"));
    assert_eq!(hex(&holder.voucher.0), text(vector, "voucher"));
    let opened = code.open(holder, escrow.vault, escrow.number).unwrap();
    let secrets = [[1].as_slice(), &opened.owner, &opened.sharing].concat();
    assert_eq!(hex(&secrets), text(vector, "secrets"));
    let proof = samples::recovery_proof();
    assert_eq!(hex(&proof.to_bytes()), text(vector, "proven"));
    assert_eq!(hex(&proof.sign(&code).0), text(vector, "proof"));
}

#[test]
fn the_purposes_are_those_of_the_vectors_in_their_order() {
    let codes = Purpose::ALL.map(|(_, code, _)| code);
    assert_eq!(vectors()["purposes"], Json::from(codes.to_vec()));
}

#[test]
fn what_the_vectors_refuse_is_refused() {
    for vector in list(&vectors(), "refused") {
        let why = text(vector, "why");
        if vector["payload"].is_string() {
            assert!(Payload::from_bytes(&bytes(vector, "payload")).is_err(), "{why}");
        } else {
            let bytes = bytes(vector, "frame");
            let read = frame::Reader::default().next(&mut bytes.as_slice());
            assert!(read.is_err(), "{why}");
        }
    }
}
