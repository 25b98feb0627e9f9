//! What fuzzing has found, and the samples that it began with, replayed: nothing panics, and whatever is accepted has
//! one encoding.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "../fuzz/src/decoders.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are a crate of their own")]
mod decoders;
#[path = "../fuzz/src/messages.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets are a crate of their own")]
mod messages;

use std::{fs, path::Path};

/// Every input of a target.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let inputs: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    assert!(!inputs.is_empty(), "{target} has no corpus");
    inputs
}

#[test]
fn every_input_is_refused_or_read_back_to_the_byte() {
    for (target, decode) in decoders::ALL {
        let inputs = corpus(target);
        let mut accepted = 0;
        for (name, bytes) in &inputs {
            if let Some(again) = decode(bytes) {
                assert_eq!(&again, bytes, "{name}");
                accepted += 1;
            }
        }
        assert!(
            accepted > 0,
            "{target}: nothing of its corpus is accepted: run fuzz/seed.py again"
        );
    }
}

#[test]
fn streams_cut_anywhere_give_the_same_frames_and_messages_of_the_reconciliation_are_answered_or_refused() {
    for (_, bytes) in corpus("stream") {
        messages::stream(&bytes);
    }
    for (_, bytes) in corpus("reconciliation") {
        messages::reconciliation(&bytes);
    }
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |of: &str| {
        let mut names: Vec<String> = fs::read_dir(folder.join(of))
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names("targets"), names("corpus"));
}
