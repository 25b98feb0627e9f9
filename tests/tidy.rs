//! House rules that run: who may import whom, how long a file may be, what may not be written.
#![expect(clippy::unwrap_used, reason = "a source that cannot be read fails the test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every Rust source below a folder.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no sources below {folder}");
    found
}

/// Whether a source is only compiled for tests.
fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.contains("/tests/")
}

/// Names of modules of the same crate that a source mentions after `crate::`.
fn imports(source: &str) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => modules.extend(names_in_braces(list)),
            None => drop(modules.insert(first_name(after))),
        }
    }
    modules
}

fn first_name(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first names of a brace-delimited import list, whatever is nested in it.
fn names_in_braces(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut at_start) = (Vec::new(), 0, true);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if at_start && c.is_alphanumeric() => {
                names.push(first_name(&list[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

/// Which rooms of a crate may import which others of the same crate.
type Plan = &'static [(&'static str, &'static [&'static str])];

const VAULT_CORE: Plan = &[
    ("clock", &[]),
    ("entropy", &[]),
    ("host", &["clock", "entropy"]),
    ("import", &[]),
    ("keys", &["entropy"]),
    ("store", &["error", "host", "keys"]),
    ("records", &["error", "store"]),
    ("well_known", &[]),
    ("consent", &["error", "store", "records", "well_known"]),
    ("sync", &["error", "store", "records", "consent"]),
    (
        "vault",
        &[
            "error",
            "host",
            "store",
            "records",
            "consent",
            "sync",
            "import",
            "well_known",
        ],
    ),
];

fn check_plan(folder: &str, plan: Plan) {
    for (name, source) in sources(folder) {
        let inner = name.strip_prefix(folder).unwrap().trim_start_matches('/');
        let room = inner.split(['/', '.']).next().unwrap();
        let Some((_, allowed)) = plan.iter().find(|(planned, _)| *planned == room) else {
            continue;
        };
        let shipped = source.split("#[cfg(test)]").next().unwrap();
        if is_test(&name) {
            continue;
        }
        for module in imports(shipped) {
            let is_room = plan.iter().any(|(planned, _)| *planned == module);
            let fits = module == room || !is_room || allowed.contains(&module.as_str());
            assert!(fits, "{name} imports crate::{module}, which {room} may not");
        }
    }
}

#[test]
fn the_rooms_of_the_vault_import_downwards_only() {
    check_plan("vault-core/src", VAULT_CORE);
}

#[test]
fn the_import_check_sees_a_planted_violation() {
    assert!(imports("use crate::{error::Error, sync::{a, b}, store};").contains("sync"));
    assert!(imports("fn f() { crate::vault::open() }").contains("vault"));
    assert!(!imports("use crate::{error::{sync, Error}};").contains("sync"));
}

#[test]
fn sync_never_names_a_record_and_only_consent_makes_a_projection() {
    for (name, source) in sources("vault-core/src") {
        let shipped = source.split("#[cfg(test)]").next().unwrap();
        if is_test(&name) {
            continue;
        }
        if name.starts_with("vault-core/src/sync/") {
            for word in [
                "Record,",
                "Record>",
                "Record}",
                "NewRecord",
                "Records",
                "RecordWriter",
            ] {
                let imported = shipped.contains(&format!("records::{word}"))
                    || shipped.contains(&format!(" {word}")) && shipped.contains("records::{");
                assert!(!imported, "{name} imports {word}");
            }
        }
        if !name.starts_with("vault-core/src/consent/") {
            assert!(
                !shipped.contains("Projection::of") && !shipped.contains("Entry::put"),
                "{name} projects or seals by itself"
            );
        }
    }
}

#[test]
fn only_one_file_of_the_vault_names_quinn() {
    for (name, source) in sources("vault-core/src") {
        assert!(
            name == "vault-core/src/sync/transport/quic.rs" || !source.contains("quinn::"),
            "{name} names quinn"
        );
    }
}

#[test]
fn crates_depend_downwards_only() {
    let dependencies = |manifest: &str| fs::read_to_string(root().join(manifest)).unwrap();
    let forbidden = [
        (
            "vault-core/wire/Cargo.toml",
            &[
                "vault-file",
                "vault-core",
                "sync-server",
                "quinn",
                "tokio",
                "redb",
            ][..],
        ),
        (
            "vault-core/file/Cargo.toml",
            &[
                "vault-wire",
                "vault-core",
                "sync-server",
                "quinn",
                "tokio",
                "serde",
            ][..],
        ),
        (
            "vault-core/Cargo.toml",
            &["sync-server", "vault-cli", "redb", "uniffi"][..],
        ),
        ("sync-server/Cargo.toml", &["vault-core", "vault-cli", "redb"][..]),
    ];
    for (manifest, names) in forbidden {
        let text = dependencies(manifest);
        for name in names {
            assert!(
                !text.lines().any(
                    |line| line.starts_with(&format!("{name}.")) || line.starts_with(&format!("{name} "))
                ),
                "{manifest} depends on {name}"
            );
        }
    }
}

const CODE: [&str; 6] = [
    "vault-core",
    "sync-server",
    "bindings/cli",
    "bindings/open",
    "tests",
    "benches",
];

/// About 400 is what one can read in one go.
const LINES_MAX: usize = 420;

#[test]
fn files_are_short_enough_to_read() {
    for (name, source) in CODE.iter().flat_map(|folder| sources(folder)) {
        let lines = source.lines().count();
        assert!(
            lines <= LINES_MAX,
            "{name} has {lines} lines; the limit is {LINES_MAX}"
        );
    }
}

#[test]
fn no_source_names_a_machine_path_or_leaves_a_loose_end() {
    let loose_ends = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("dbg", "!("),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
    ];
    for (name, source) in CODE.iter().flat_map(|folder| sources(folder)) {
        for end in loose_ends {
            assert!(!source.contains(end), "{name} holds {end}");
        }
    }
}

#[test]
fn no_module_is_a_drawer_for_anything() {
    for (name, _) in CODE.iter().flat_map(|folder| sources(folder)) {
        let file = Path::new(&name).file_stem().unwrap().to_str().unwrap();
        assert!(
            !["utils", "util", "common", "helpers", "misc", "types"].contains(&file),
            "{name} says nothing of what is in it"
        );
    }
}
