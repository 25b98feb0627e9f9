//! Whoever has the server whole, with its data, its keys and all that it could do, opens nothing that is
//! sealed.

use std::{fs, path::Path, sync::Arc};

use harness::Traces;
use serde_json::Value;
use sync_server::{Server, config::Config, entropy::Entropy, service::holdings::holdings};
use vault_core::{
    Category::Receipts,
    GrantId,
    wire::{
        entry::{Binding, Body, ContentTag, Entry},
        grant_key::{GrantKey, SealedGrantKey, SealingSecretKey},
        id::Slot,
    },
};
use vault_open::open_answer;

use super::{Stage, fields_of};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_all_of_the_server_opens_nothing_that_is_sealed() {
    let mut stage = Stage::new(172).await;
    stage.granted().await;
    let answer = stage.read().await;
    let id = stage.device.vault.status().unwrap().id;
    let all = stage.device.records(Receipts).len() as u64;
    let (data, config) = (
        stage.world.data_folder().to_owned(),
        stage.world.config_folder().to_owned(),
    );
    stage.world.stop().await;
    let traces = Traces::default().and_records(&stage.device.records(Receipts));
    assert!(traces.count() >= 2);
    for folder in [&data, &config] {
        let (found, searched) = traces.found_below(folder);
        assert!(found.is_none() && searched > 0, "{found:?}");
    }
    // The server as it can be started by whoever has its folders.
    let config = Config {
        data_dir: data,
        config_dir: config,
        ..Config::default()
    };
    let clock = Arc::clone(&stage.world.clocks.server);
    let server = Server::open(config.clone(), clock, Entropy::new(stage.world.dice.generator()));
    let could = holdings(&server.await.unwrap(), id).unwrap();
    assert_eq!((could.entries, could.unreadable), (all, all));
    assert!(could.fields.is_empty());
    // Every 32 bytes of every file of keys, as a key for the wrapping and for the entries.
    let mut tried = 0;
    for secret in secrets_below(&config.config_dir) {
        assert!(!opens(&answer.json, secret), "a secret of the server opens it");
        tried += 1;
    }
    assert!(tried > 100, "only {tried} keys were tried");
    let theirs = open_answer(&answer.bytes, std::slice::from_ref(&stage.keys.sealing)).unwrap();
    assert_eq!(fields_of(&theirs).len() as u64, all, "and the application does");
}

/// Whether 32 bytes open the key of an answer, or one of its records, in whichever role.
fn opens(answer: &Value, secret: [u8; 32]) -> bool {
    let bytes = |value: &Value| decoded(value.as_str().unwrap());
    let grant: GrantId = answer["grant"]["id"].as_str().unwrap().parse().unwrap();
    let key = &answer["grant"]["sealed_key"];
    let generation = u32::try_from(key["generation"].as_u64().unwrap()).unwrap();
    let wrapped = SealedGrantKey {
        enc: bytes(&key["enc"]).try_into().unwrap(),
        ciphertext: bytes(&key["ciphertext"]),
    };
    let record = &answer["data"][0];
    let sealed = &record["sealed"];
    let entry = Entry {
        slot: record["id"].as_str().unwrap().parse::<Slot>().unwrap(),
        tag: ContentTag([0; 16]),
        rev: sealed["rev"].as_u64().unwrap(),
        body: Body::Put {
            category: Receipts,
            nonce: bytes(&sealed["nonce"]).try_into().unwrap(),
            ciphertext: bytes(&sealed["ciphertext"]),
        },
    };
    let binding = Binding {
        grant,
        generation,
        statement: sealed["statement"].as_u64().unwrap(),
    };
    [
        SealingSecretKey::from_bytes(secret),
        SealingSecretKey::from_seed(&secret),
    ]
    .iter()
    .any(|holder| wrapped.open(holder, grant, generation).is_ok())
        || entry.open(&GrantKey::from_bytes(secret), binding).is_ok()
}

fn decoded(text: &str) -> Vec<u8> {
    let value = |c: u8| {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
            .iter()
            .position(|digit| *digit == c)
    };
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for six in text.bytes().filter_map(value) {
        bits = bits << 6 | u32::try_from(six).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

/// Every window of 32 bytes in the files of keys, and in what their hexadecimal and base64 lines mean.
fn secrets_below(folder: &Path) -> Vec<[u8; 32]> {
    let mut secrets = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let meanings = text.lines().flat_map(|line| [decoded(line), from_hex(line)]);
        for meaning in std::iter::once(bytes).chain(meanings) {
            secrets.extend(
                meaning
                    .windows(32)
                    .map(|window| <[u8; 32]>::try_from(window).unwrap()),
            );
        }
    }
    secrets
}

fn from_hex(line: &str) -> Vec<u8> {
    let pairs = line.as_bytes().chunks_exact(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
