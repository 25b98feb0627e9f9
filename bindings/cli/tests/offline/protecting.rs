//! Backups, checks, rescue, and what opens a vault.

use std::fs;

use serde_json::Value as Json;

use crate::home::{Answer, Home, PASSPHRASE, sample};

/// Where the pages of a vault file begin, and how far apart they are (FORMAT.md).
const FIRST_PAGE: usize = 286_720 + 10 * 4096;
const PAGE_STRIDE: usize = 4096;

impl Home {
    fn with_receipts() -> Self {
        let home = Self::collecting(&["receipts"]);
        home.run(&["import", &sample("purchases.csv")]).must_succeed();
        home
    }

    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn receipts_in(&self, file: &str) -> Vec<Json> {
        let list = ["list", "receipts", "--json", "--vault", file];
        self.run(&list).must_succeed().objects()
    }

    fn receipts(&self) -> Vec<Json> {
        self.receipts_in(&self.vault().display().to_string())
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        Answer::of(command.output().unwrap())
    }

    fn run_without_passphrase(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = self.command(arguments);
        command
            .env_remove("VAULT_PASSPHRASE")
            .envs(variables.iter().copied());
        Answer::of(command.output().unwrap())
    }

    /// With one page of the records changed, as a failing disk does.
    fn damage_a_page_of_records(&self, file: &str) {
        let whole = fs::read(file).unwrap();
        for page in (FIRST_PAGE..whole.len()).step_by(PAGE_STRIDE).rev() {
            let mut damaged = whole.clone();
            damaged[page + PAGE_STRIDE.min(whole.len() - page) / 2] ^= 1;
            fs::write(file, &damaged).unwrap();
            let found = self.run(&["verify", "--json", "--vault", file]);
            if found.object()["findings"][0]["table"] == "records" {
                return;
            }
        }
        panic!("no page holds records");
    }
}

#[test]
fn a_vault_that_was_put_back_is_refused_until_it_is_restored_as_one_of_its_own() {
    let home = Home::with_receipts();
    let (vault, earlier) = (home.vault(), home.place("earlier.vault"));
    fs::copy(&vault, &earlier).unwrap();
    home.run(&["add", "receipts", "brand=Acme"]).must_succeed();
    fs::copy(&earlier, &vault).unwrap();
    let refused = home.run(&["list", "receipts", "--json"]).must_fail(7);
    assert_eq!(refused.error()["code"], "rolled_back");
    let message = refused.error()["message"].to_string();
    assert!(message.contains("restore it as a vault of its own"), "{message}");
    let own = home.place("own.vault");
    home.run(&["restore", &earlier, "--to", &own]).must_succeed();
    assert_eq!(home.receipts_in(&own).len(), 40);
    home.run(&["add", "receipts", "brand=Acme", "--vault", &own])
        .must_succeed();
    assert_eq!(home.receipts_in(&own).len(), 41);
}

#[test]
fn a_backup_restores_to_a_vault_with_the_same_records_that_can_be_written() {
    let home = Home::with_receipts();
    let (backup, restored) = (home.place("backup.vault"), home.place("new/restored.vault"));
    let made = home.run(&["backup", &backup, "--json"]).must_succeed().object();
    assert!(made["rows"].as_u64().unwrap() > 40, "{made}");
    let again = home.run(&["backup", &backup, "--json"]).must_fail(1);
    assert_eq!(again.error()["code"], "already_exists");
    home.run(&["verify", "--vault", &backup]).must_succeed();

    home.run(&["add", "receipts", "brand=Later"]).must_succeed();
    let to = ["restore", &backup, "--to", &restored, "--json"];
    let answer = home.run(&to).must_succeed().object();
    assert_eq!(answer["records"], 40);
    let status = |file: &str| {
        home.run(&["status", "--json", "--vault", file])
            .must_succeed()
            .object()
    };
    assert_eq!(
        answer["vault_id"],
        status(&home.vault().display().to_string())["vault_id"]
    );
    home.run(&["add", "receipts", "brand=Acme", "--vault", &restored])
        .must_succeed();
    assert_eq!(home.receipts_in(&restored).len(), 41);
    assert_eq!(home.run(&to).must_fail(1).error()["code"], "already_exists");
    let missing = home.run(&["restore", "nowhere.vault", "--to", &home.place("x"), "--json"]);
    assert_eq!(missing.must_fail(5).error()["code"], "not_found");

    fs::remove_file(home.vault()).unwrap();
    home.run(&["restore", &backup]).must_succeed();
    assert_eq!(home.receipts().len(), 40);
    assert_eq!(
        fs::read_dir(home.folder.path()).unwrap().count(),
        3,
        "nothing is left behind"
    );
}

#[test]
fn a_rewrite_keeps_every_record_and_what_was_deleted_takes_no_room() {
    let home = Home::with_receipts();
    home.run(&["import", &sample("purchases.csv")]).must_succeed();
    let added = home.run(&["add", "receipts", "brand=Gone", "--json"]);
    let id = added.must_succeed().object()["added"]["id"].clone();
    home.run(&["rm", id.as_str().unwrap()]).must_succeed();
    let before = home.receipts();
    let answer = home.run(&["rewrite", "--json"]).must_succeed().object();
    assert!(
        answer["bytes"].as_u64() <= answer["bytes_before"].as_u64(),
        "{answer}"
    );
    assert_eq!(home.receipts(), before);
    let sound = home.run(&["verify", "--json"]).must_succeed().object();
    assert_eq!(sound["sound"], true);
    home.run(&["add", "receipts", "brand=Acme"]).must_succeed();
}

#[test]
fn damage_is_reported_and_what_is_left_is_saved_whole_enough_to_go_on() {
    let home = Home::with_receipts();
    let (damaged, saved) = (home.place("damaged.vault"), home.place("saved.vault"));
    fs::copy(home.vault(), &damaged).unwrap();
    home.damage_a_page_of_records(&damaged);

    let answer = home.run(&["verify", "--json", "--vault", &damaged]).must_fail(1);
    assert_eq!(answer.error()["code"], "damaged");
    let found = answer.object();
    assert_eq!(found["sound"], false);
    assert_eq!(found["findings"][0]["problem"], "damaged");
    let said = home.run(&["verify", "--vault", &damaged]).must_fail(1);
    assert!(
        said.stdout.contains("is damaged") && said.stderr.contains("vault salvage"),
        "{}",
        said.stdout
    );

    let salvage = ["salvage", &damaged, "--to", &saved, "--json"];
    let salvaged = home.run(&salvage).must_succeed().object();
    assert_eq!(salvaged["losses"][0]["table"], "records");
    home.run(&["verify", "--vault", &saved]).must_succeed();
    let left = home.receipts_in(&saved);
    assert!(left.len() < 40, "{}", left.len());
    let all = home.receipts();
    assert!(left.iter().all(|record| all.contains(record)));
    let import = ["import", &sample("purchases.csv"), "--json", "--vault", &saved];
    let again = home.run(&import).must_succeed().object();
    assert_eq!(again["added"], 40 - left.len());
    assert_eq!(home.receipts_in(&saved).len(), 40);
    assert_eq!(home.run(&salvage).must_fail(1).error()["code"], "already_exists");
}

#[test]
fn a_changed_passphrase_replaces_the_old_one() {
    let home = Home::with_receipts();
    let (old, new) = (
        ("VAULT_PASSPHRASE", PASSPHRASE),
        ("VAULT_PASSPHRASE", "another one"),
    );
    home.run(&["passphrase", "--json"]).must_fail(2);
    home.run_with(&["passphrase"], &[old, ("VAULT_NEW_PASSPHRASE", "another one")])
        .must_succeed();
    let refused = home.run_with(&["status", "--json"], &[old]).must_fail(3);
    assert_eq!(refused.error()["code"], "wrong_secret");
    home.run_with(&["status"], &[new]).must_succeed();

    #[cfg(unix)]
    {
        let mut command = home.command(&["passphrase", "--new-passphrase-fd", "0"]);
        command.env("VAULT_PASSPHRASE", "another one");
        crate::home::answer_to(command, "the third\n").must_succeed();
        home.run_with(&["status"], &[("VAULT_PASSPHRASE", "the third")])
            .must_succeed();
    }
}

#[test]
fn a_recovery_code_opens_the_vault_and_sets_a_new_passphrase() {
    let home = Home::with_receipts();
    let codes = |home: &Home| {
        home.run(&["recovery", "status", "--json"])
            .must_succeed()
            .object()
    };
    assert_eq!(codes(&home)["recovery_codes"], 0);
    let create = |arguments: &[&str]| {
        let create = [&["recovery", "create", "--json"], arguments].concat();
        let created = home.run(&create).must_succeed().object();
        created["recovery_code"].as_str().unwrap().to_owned()
    };
    let open = |arguments: &[&str], code: &str| {
        let opened = [&["--recovery", "--json"], arguments].concat();
        home.run_without_passphrase(&opened, &[("VAULT_RECOVERY_CODE", code)])
    };
    let code = create(&[]);
    assert_eq!(codes(&home)["recovery_codes"], 1);
    open(&["status"], &code).must_succeed();
    open(&["status"], &code.to_lowercase().replace('-', " ")).must_succeed();
    let mistyped = open(&["status"], &code[1..]).must_fail(3);
    assert_eq!(mistyped.error()["code"], "not_a_recovery_code");
    assert!(!mistyped.stderr.contains(&code[5..9]), "{}", mistyped.stderr);

    home.run(&["rewrite", "--new-vault-key"]).must_succeed();
    home.run(&["status"]).must_succeed();
    open(&["status"], &code).must_succeed();

    let newer = create(&["--replace"]);
    assert_eq!(codes(&home)["recovery_codes"], 1);
    assert_eq!(
        open(&["status"], &code).must_fail(3).error()["code"],
        "wrong_secret"
    );
    let change = ["--recovery", "passphrase"];
    let given = [
        ("VAULT_RECOVERY_CODE", newer.as_str()),
        ("VAULT_NEW_PASSPHRASE", "found again"),
    ];
    home.run_without_passphrase(&change, &given).must_succeed();
    home.run(&["status"]).must_fail(3);
    home.run_with(&["status"], &[("VAULT_PASSPHRASE", "found again")])
        .must_succeed();
    home.run_without_passphrase(&["--recovery", "status", "--json"], &[])
        .must_fail(2);
}

#[test]
fn a_vault_that_is_open_elsewhere_is_neither_checked_nor_rewritten() {
    let home = Home::with_receipts();
    let passphrase = crate::home::passphrase();
    let secret = vault_core::Secret::Passphrase(&passphrase);
    let held = vault_core::VaultFile::at(home.vault()).open(&secret, vault_core::Host::system());
    for command in ["verify", "rewrite"] {
        assert_eq!(
            home.run(&[command, "--json"]).must_fail(4).error()["code"],
            "busy"
        );
    }
    drop(held);
    let wrong = [("VAULT_PASSPHRASE", "open sesame")];
    for command in ["verify", "rewrite"] {
        home.run_with(&[command], &wrong).must_fail(3);
    }
}
