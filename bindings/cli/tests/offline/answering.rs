//! What commands answer, to people and to scripts.

use crate::home::{Answer, Home, sample};

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let home = Home::collecting(&["receipts"]);
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    let mut child = home.command(&["list", "receipts", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let answer = Answer::of(child.wait_with_output().unwrap()).must_succeed();
    assert_eq!(answer.stderr, "");
}

#[test]
fn a_vault_that_met_nobody_says_so() {
    let home = Home::with_vault();
    for (command, said) in [
        ("requests", "Nobody has asked"),
        ("grants", "You have granted nothing"),
        ("activity", "Nothing has happened"),
        ("receipts", "You have said nothing"),
        ("apps", "No application has met this vault"),
    ] {
        let answer = home.run(&[command]).must_succeed();
        assert!(answer.stdout.contains(said), "{}", answer.stdout);
        assert_eq!(home.run(&[command, "--json"]).must_succeed().stdout, "");
    }
    for command in [
        "preview", "approve", "reject", "pause", "resume", "narrow", "renew", "withdraw", "receipts",
        "block", "unblock",
    ] {
        let answer = home.run(&[command, "7KQ8M2XA", "--json"]).must_fail(5);
        assert_eq!(answer.error()["code"], "not_found", "{command}");
    }
    for command in ["sync", "link"] {
        let answer = home.run(&[command, "--json"]).must_fail(6);
        assert_eq!(answer.error()["code"], "not_connected", "{command}");
    }
}

#[test]
fn part_of_several_ids_is_refused() {
    let home = Home::collecting(&["receipts"]);
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    let id = home
        .run(&["list", "receipts", "--json", "--limit", "1"])
        .must_succeed()
        .object()["id"]
        .clone();
    let beginning = &id.as_str().unwrap()[..10];
    let answer = home.run(&["rm", beginning, "--json"]).must_fail(2);
    assert_eq!(answer.error()["code"], "ambiguous_id");
    assert!(answer.error()["message"].as_str().unwrap().contains("40 records"));
}

#[test]
fn a_command_that_is_called_wrongly_says_how_to_call_it() {
    let home = Home::with_vault();
    for arguments in [
        &["list", "recipes"][..],
        &["add", "receipts", "brand"],
        &["connect", "vault.example:8444"],
        &["connect", "vault.example", "--server-key", "ab"],
        &["import"],
        &["withdraw"],
        &["block"],
        &["recover", "vault.example:8444"],
        &["dance"],
    ] {
        let answer = home.run(arguments).must_fail(2);
        assert!(
            answer.stdout.is_empty() && !answer.stderr.is_empty(),
            "{arguments:?}"
        );
        let answer = home.run(&[arguments, &["--json"]].concat()).must_fail(2);
        assert_eq!(answer.error()["code"], "usage", "{arguments:?}");
    }
    let hint = home
        .run(&["add", "receipts", "total_cost=dear"])
        .must_fail(2)
        .stderr;
    assert!(hint.contains("1234.50"), "{hint}");
}

#[test]
fn tables_for_people_have_no_colours_in_a_pipe_and_are_not_cut() {
    let home = Home::collecting(&["receipts"]);
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    let table = home.run(&["list", "receipts", "--limit", "3"]).must_succeed();
    assert_eq!(table.stdout.lines().count(), 4, "{}", table.stdout);
    assert!(table.stdout.contains("Trattoria Due Ponti") && !table.stdout.contains('\u{1b}'));
    assert!(table.stderr.contains("there are more"), "{}", table.stderr);
}

#[test]
fn completions_and_help_need_no_vault() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).must_succeed().stdout;
        assert!(script.contains("withdraw"), "{shell}");
    }
    let help = home.run(&["--help"]).must_succeed().stdout;
    for said in [
        "Exit status",
        "VAULT_PASSPHRASE",
        "VAULT_FILE",
        "--passphrase-fd",
        "app_usage",
    ] {
        assert!(help.contains(said), "{said} is missing:\n{help}");
    }
}

#[test]
fn receipts_are_checked_without_a_vault_and_what_is_none_does_not_pass() {
    let home = Home::empty();
    let gone = home.vault().with_file_name("gone.json");
    let gone = home.run(&["receipts", "--verify", gone.to_str().unwrap(), "--json"]);
    assert_eq!(gone.must_fail(5).error()["code"], "not_found");
    for (text, status, code) in [
        ("", 2, "usage"),
        ("[]", 2, "usage"),
        ("{\"@type\":", 2, "usage"),
        ("{\"@type\": \"dpv:ConsentReceipt\"}", 1, "receipt_invalid"),
        ("[{}, 5]", 1, "receipt_invalid"),
    ] {
        let file = home.file("receipts.json", text);
        let answer = home
            .run(&["receipts", "--verify", &file, "--json"])
            .must_fail(status);
        assert_eq!(answer.error()["code"], code, "{text}");
    }
}
