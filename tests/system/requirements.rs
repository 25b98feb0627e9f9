//! `REQUIREMENTS.md` is kept true.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const REQUIREMENTS: usize = 130;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names of all test functions below a folder.
fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_below(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(tests_in(&fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The functions that stand below a line with `test]` or `test(`, attributes between them or not.
fn tests_in(source: &str) -> Vec<String> {
    let (mut names, mut is_test) = (Vec::new(), false);
    for line in source.lines().map(str::trim) {
        is_test |= line.starts_with("#[") && (line.contains("test]") || line.contains("test("));
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(function) = function {
            let name = function.split('(').next().unwrap_or_default();
            if std::mem::take(&mut is_test) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// What stands between backticks and is the name of a function.
fn named(row: &str) -> impl Iterator<Item = &str> {
    let is_function = |text: &&str| {
        text.contains('_')
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    row.split('`').skip(1).step_by(2).filter(is_function)
}

#[test]
fn every_requirement_has_a_line_and_every_named_test_exists() {
    let mut known = BTreeSet::new();
    for folder in ["vault-core", "sync-server", "bindings", "tests"] {
        tests_below(&root().join(folder), &mut known);
    }
    let page = fs::read_to_string(root().join("tests/REQUIREMENTS.md")).unwrap();
    let unknown: Vec<_> = page
        .lines()
        .flat_map(named)
        .filter(|name| !known.contains(*name))
        .collect();
    assert!(unknown.is_empty(), "no such tests: {unknown:#?}");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| R")).collect();
    assert_eq!(rows.len(), REQUIREMENTS);
    for (number, row) in (1..).zip(&rows) {
        assert!(
            row.starts_with(&format!("| R{number} | ")),
            "R{number} is missing before {row}"
        );
        let shown_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let is_shown = named(shown_by).next().is_some();
        assert!(
            is_shown || shown_by.starts_with("not yet") || shown_by.starts_with("outside"),
            "{row}"
        );
    }
}

#[test]
fn the_check_knows_a_test_from_another_function() {
    let source = "#[tokio::test(flavor = \"multi_thread\")]\nasync fn is_one() {}\n#[test]\n#[cfg(unix)]\nfn is_another() {}\nfn is_none() {}";
    assert_eq!(tests_in(source), ["is_one", "is_another"]);
    assert_eq!(
        named("| R1 | `POST` it | `a_test` and `another_one` |").collect::<Vec<_>>(),
        ["a_test", "another_one"]
    );
}
