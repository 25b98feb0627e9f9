//! Everything keyed: seals, slots, tags, signatures, identifiers. The expected bytes come from other
//! implementations (OpenSSL by way of Python's `cryptography`, checked against libsodium and pyhpke).

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use vault_wire::{
    catalogue::Category,
    entry::{Binding, Entry, GrantSecret},
    grant_key::{GrantKey, SealedGrantKey},
    id::{
        AccountId, AppId, CallId, ErasureId, GrantId, Incarnation, KeyId, ReadId, RecordId, RequestId, Slot,
        StateId, SubjectId, TokenId, VaultId,
    },
    payload::padded_length,
};

use crate::{
    messages::fingerprint,
    pinned,
    samples::{
        GRANT_KEY, RECORD, VAULT_SECRET, consent_certificate, erasure, grant, hex, owner, receipt, receipts,
        server_sealing, statement, transport_certificate, vault,
    },
};

/// "Randomness" of one byte, so that a seal has known bytes.
pub(crate) struct Always(pub(crate) u8);

impl TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Always {}

fn binding() -> Binding {
    Binding {
        grant: grant(),
        generation: 1,
        statement: 1,
    }
}

pub(crate) fn sealed_entry() -> Entry {
    let key = GrantKey::from_bytes(GRANT_KEY);
    let secret = GrantSecret::derive(&VAULT_SECRET, grant(), 1);
    let bytes = receipt().to_bytes();
    let slot = secret.slot(RECORD);
    let tag = secret.content_tag(slot, &bytes);
    let nonce = &mut Always(0x1a);
    Entry::put(&key, binding(), Category::Receipts, slot, tag, 300, bytes, nonce)
}

pub(crate) fn sealed_grant_key() -> SealedGrantKey {
    let key = GrantKey::from_bytes(GRANT_KEY);
    let ephemeral = &mut Always(0x07);
    key.seal_to(&server_sealing().public(), grant(), 1, ephemeral)
        .unwrap()
}

#[test]
fn a_sealed_entry_has_its_pinned_bytes_and_opens_again() {
    let entry = sealed_entry();
    assert_eq!(hex(&entry.slot.0), "6b39f99aff051aae5c60ff313b1c0dc7");
    assert_eq!(hex(&entry.tag.0), "6cbedc6a9f23c078ca8e8cadeb63ed92");
    let bytes = postcard::to_stdvec(&entry).unwrap();
    assert_eq!(hex(&bytes), hex(&pinned(&[crate::documents::ENTRY])));
    let opened = entry.open(&GrantKey::from_bytes(GRANT_KEY), binding());
    assert_eq!(opened, Ok(receipt()));
}

#[test]
fn a_grant_key_sealed_elsewhere_opens_here() {
    let sealed = sealed_grant_key();
    let enc = "5fd47633b5e43fca7bad1bfbe424feacb175d9d4d4a30f166dbd30636f0b446b";
    let ciphertext =
        "a015569edd4c476f4b9503c2a72f1f6d81b7eadd763e5c1b854f8d6bc4f32a57a9691b057a810f1ad9211f6b57e5f7c4";
    assert_eq!(
        (hex(&sealed.enc).as_str(), hex(&sealed.ciphertext).as_str()),
        (enc, ciphertext)
    );
    let opened = sealed.open(&server_sealing(), grant(), 1).unwrap();
    assert_eq!(opened.as_bytes(), &GRANT_KEY);
}

#[test]
fn a_fingerprint_has_its_pinned_bytes() {
    assert_eq!(hex(&fingerprint().0), "e3c9d57ef50011632ffe9e935cbb0523");
}

#[test]
fn signatures_have_their_pinned_bytes_and_hold() {
    let transport = transport_certificate();
    assert_eq!(
        hex(&transport.signature.0),
        "3205df7f0b347aa371b8caa0ecad29dda82be61c64c47c787fcc5b7e432314a8\
         c156acf6d244801f3a5382f87290755a4318f6cdb430b8b5e735310b7f9b4606"
    );
    assert!(transport.verify(&owner().public()).is_ok());
    assert!(consent_certificate().verify(&owner().public()).is_ok());
    let given = statement("given");
    assert_eq!(
        hex(&given.signature.0),
        "b30bc164396f82afc758fd5c3cdd0f1c893aa2ac1bc098a5ef3045f2e84e9dee\
         d2fc394f8767a39be1054fb101f7e8cef5ad75a3e81415c11870f2d3ef11d000"
    );
    assert!(given.verify().is_ok());
    assert!(erasure().verify(&receipts().public(), vault()).is_ok());
}

#[test]
fn every_statement_names_the_digest_of_the_one_before() {
    let narrowed = statement("narrowed").verify().unwrap();
    assert_eq!(narrowed.previous, statement("given").digest());
    assert_eq!(
        hex(&narrowed.previous),
        "2249267ea403298f6d7ef16774e5636ce782c6adc7d5c3e0b823d5c9813fec61"
    );
}

#[test]
fn vault_and_grant_ids_are_hashes_of_what_they_stand_for() {
    assert_eq!(hex(&vault().0), "14692b3f20ea8e8da3a4ed82365268f9");
    assert_eq!(hex(&grant().0), "129c864b82a73c25b627ada83ba4030f");
}

#[test]
fn every_kind_of_id_has_its_text() {
    let low = *b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01";
    let counting = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    assert_eq!(VaultId(low).to_string(), "vlt_00000000000000000000000001");
    // The first character carries the top three bits, so it is never above 7.
    assert_eq!(
        RecordId([0xff; 16]).to_string(),
        "vrec_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
    );
    assert_eq!(AccountId(counting).to_string(), "acc_00041061050R3GG28A1C60T3GF");
    for (id, prefix) in [
        (AccountId(low).to_string(), "acc"),
        (AppId(low).to_string(), "app"),
        (KeyId(low).to_string(), "key"),
        (TokenId(low).to_string(), "tok"),
        (SubjectId(low).to_string(), "sub"),
        (RequestId(low).to_string(), "creq"),
        (GrantId(low).to_string(), "grnt"),
        (Slot(low).to_string(), "rec"),
        (ReadId(low).to_string(), "read"),
        (CallId(low).to_string(), "req"),
        (ErasureId(low).to_string(), "era"),
        (Incarnation(low).to_string(), "inc"),
        (StateId(low).to_string(), "state"),
    ] {
        assert_eq!(id, format!("{prefix}_00000000000000000000000001"));
    }
}

#[test]
fn padded_lengths_are_as_specified() {
    // Up to 512 the next multiple of 32. From 512 to 1023, Padmé keeps 9 - 4 = 5 low bits clear; from
    // 1024, 10 - 4 = 6; from 65 536, 16 - 5 = 11; from 262 144, 18 - 5 = 13.
    for (length, padded) in [
        (1, 32),
        (32, 32),
        (33, 64),
        (512, 512),
        (513, 544),
        (1_023, 1_024),
        (1_024, 1_024),
        (1_025, 1_088),
        (65_536, 65_536),
        (65_537, 67_584),
        (300_000, 303_104),
        (524_288, 524_288),
    ] {
        assert_eq!(padded_length(length), padded, "{length}");
    }
}
