//! Taking a vault back, as far as it goes without a server.

use crate::home::{Answer, Home};

const CODE: &str = "000G-40R4-0M30-E209-185G-R38E-1W81-24GK-R";
const KEY: &str = "00000000000000000000000000000000000000000000000000000000000000ab";

fn recover(home: &Home, code: &str) -> Answer {
    let mut command = home.command(&["recover", "127.0.0.1:9", "--server-key", KEY, "--json"]);
    Answer::of(command.env("VAULT_RECOVERY_CODE", code).output().unwrap())
}

#[test]
fn a_vault_that_is_there_is_never_overwritten() {
    let home = Home::with_vault();
    let before = std::fs::read(home.vault()).unwrap();
    assert_eq!(
        recover(&home, CODE).must_fail(1).error()["code"],
        "already_exists"
    );
    assert_eq!(std::fs::read(home.vault()).unwrap(), before);
}

#[test]
fn a_mistyped_code_is_noticed_before_anything_is_sent() {
    let home = Home::empty();
    let mistyped = CODE.replace("1W81", "1W18");
    let failed = recover(&home, &mistyped).must_fail(3);
    assert_eq!(failed.error()["code"], "not_a_recovery_code");
    assert!(!home.vault().exists());
}

#[test]
fn a_server_that_cannot_be_reached_leaves_no_file() {
    let home = Home::empty();
    let failed = recover(&home, CODE).must_fail(6);
    assert_eq!(failed.error()["code"], "unreachable");
    assert!(!home.vault().exists());
}

#[test]
fn the_owner_is_told_whether_a_code_brings_the_vault_back() {
    let home = Home::with_vault();
    let escrow = || home.run(&["status", "--json"]).must_succeed().object()["escrow"].clone();
    assert_eq!(escrow(), "no_code");
    home.run(&["recovery", "create", "--json"]).must_succeed();
    assert_eq!(escrow(), "waiting", "no server has heard of it yet");
}
