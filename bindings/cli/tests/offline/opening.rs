//! Making, opening and refusing to open.

use std::{fs, path::Path};

use vault_core::{Host, Secret, VaultFile};

use crate::home::{Answer, Home, PASSPHRASE, answer_to, passphrase, sample};

#[test]
fn a_new_vault_stands_in_a_folder_of_its_own_and_is_never_overwritten() {
    let home = Home::empty();
    let in_default_place = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        Answer::of(command.env_remove("VAULT_FILE").output().unwrap())
    };
    let made = in_default_place(&["init", "--json"]).must_succeed().object();
    let file = home.folder.path().join(".local/share/vault/default.vault");
    assert_eq!(made["file"], file.display().to_string());
    assert!(made["vault_id"].as_str().unwrap().starts_with("vlt_"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.parent().unwrap()), 0o700);
        assert_eq!(mode(&file), 0o600);
    }
    in_default_place(&["status"]).must_succeed();
    let again = in_default_place(&["init", "--json"]).must_fail(1);
    assert_eq!(again.error()["code"], "already_exists");
}

#[test]
fn a_wrong_passphrase_is_told_apart_and_not_repeated() {
    let home = Home::with_vault();
    let mut command = home.command(&["status", "--json"]);
    let wrong = Answer::of(command.env("VAULT_PASSPHRASE", "open sesame").output().unwrap()).must_fail(3);
    assert_eq!(wrong.error()["code"], "wrong_secret");
    assert!(!wrong.stderr.contains("sesame") && wrong.stdout.is_empty());
}

#[test]
fn a_vault_that_is_open_elsewhere_is_busy() {
    let home = Home::with_vault();
    let passphrase = passphrase();
    let file = VaultFile::at(home.vault());
    let held = file
        .open(&Secret::Passphrase(&passphrase), Host::system())
        .unwrap();
    assert_eq!(
        home.run(&["status", "--json"]).must_fail(4).error()["code"],
        "busy"
    );
    drop(held);
    home.run(&["status"]).must_succeed();
}

#[test]
#[cfg(unix)]
fn the_passphrase_can_come_through_a_descriptor() {
    let home = Home::with_vault();
    let through_descriptor = |input: &str| {
        let mut command = home.command(&["status", "--json", "--passphrase-fd", "0"]);
        command.env_remove("VAULT_PASSPHRASE");
        answer_to(command, input)
    };
    through_descriptor(&format!("{PASSPHRASE}\n")).must_succeed();
    through_descriptor(PASSPHRASE).must_succeed();
    through_descriptor("open sesame\n").must_fail(3);
    through_descriptor("").must_fail(2);
    home.run(&["status", "--passphrase-fd", "77"]).must_fail(2);
}

#[test]
fn one_passphrase_however_its_letters_are_composed() {
    let home = Home::empty();
    let with = |arguments: &[&str], passphrase: &str| {
        let mut command = home.command(arguments);
        Answer::of(command.env("VAULT_PASSPHRASE", passphrase).output().unwrap())
    };
    with(&["init"], "Caf\u{e9}").must_succeed();
    with(&["status"], "Cafe\u{301}").must_succeed();
    with(&["status"], "Cafe").must_fail(3);
}

#[test]
fn a_file_that_is_no_vault_is_left_alone() {
    let home = Home::empty();
    assert_eq!(
        home.run(&["status", "--json"]).must_fail(5).error()["code"],
        "no_vault"
    );
    let text = "dear diary".repeat(10_000);
    fs::write(home.vault(), &text).unwrap();
    assert_eq!(
        home.run(&["status", "--json"]).must_fail(1).error()["code"],
        "not_a_vault"
    );
    home.run(&["init"]).must_fail(1);
    assert_eq!(fs::read_to_string(home.vault()).unwrap(), text);
}

#[test]
fn a_vault_that_is_cut_off_is_damaged_and_not_empty() {
    let home = Home::collecting(&["receipts"]);
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    let whole = fs::read(home.vault()).unwrap();
    fs::write(home.vault(), &whole[..whole.len() / 2]).unwrap();
    let cut = home.run(&["list", "receipts", "--json"]).must_fail(1);
    assert!(cut.stdout.is_empty());
    let code = cut.error()["code"].clone();
    assert!(code == "damaged" || code == "tampered", "{code}");
}
