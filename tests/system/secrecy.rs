//! After a whole story: no text of a record and no secret can be read from the vault file or from the
//! server's data, and the server's keys are readable by their owner only.

use std::{fs, path::Path};

use harness::{Ask, Traces, World, receipt};
use vault_core::{
    Category::Receipts, Host, KdfParams, NewRecord, Options, Passphrase, Randomness, Secret, Value, VaultFile,
};

const PASSPHRASE: &str = "correct horse battery staple";

/// What stands in the files of a folder of keys: lines of PEM and of hexadecimal, and what the
/// hexadecimal ones mean.
fn secrets_of(config: &Path) -> Traces {
    let mut traces = Traces::default();
    for entry in fs::read_dir(config).unwrap() {
        let path = entry.unwrap().path();
        let public = path
            .extension()
            .is_some_and(|extension| extension == "pem" || extension == "crt")
            && fs::read_to_string(&path).is_ok_and(|text| text.contains("BEGIN CERTIFICATE"));
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        for line in text
            .lines()
            .filter(|line| !public && line.len() >= 32 && !line.starts_with("-----"))
        {
            traces = traces.and_text(line.trim());
            if let Some(bytes) = from_hex(line.trim()) {
                traces = traces.and_key(&bytes);
            }
        }
    }
    assert!(
        traces.count() >= 4,
        "only {} secrets in {}",
        traces.count(),
        config.display()
    );
    traces
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_whole_story_can_be_read_from_the_files_it_leaves() {
    let mut world = World::new(160).await;
    let device = world.device().await;
    let now = world.clocks.time();
    for n in 0..50 {
        device
            .vault
            .put(receipt(
                now,
                &format!("Telltale brand {n}"),
                "98765.43",
                "card 4711 0815",
            ))
            .unwrap();
    }
    let developer = world.developer("Shop").await;
    let subject = device.link(&developer).await;
    developer
        .ask(&Ask::for_fields(Receipts, &["brand", "total_cost"]), &subject)
        .await;
    let grant = device.grant(|all| all).await;
    assert_eq!(developer.read(&subject, Receipts).await.status, 200);
    let token = developer.fresh_token().await;
    device.sync().await;
    let secret = developer.api_key.rsplit('_').nth(1).unwrap();
    assert!(
        secret.len() > 40,
        "the secret of a key: {} characters",
        secret.len()
    );
    let wanted = secrets_of(world.config_folder())
        .and_records(&device.records(Receipts))
        .and_text(&developer.api_key)
        .and_text(secret)
        .and_text(&token)
        .and_text(token.rsplit('_').next().unwrap())
        .and_key(&device.key);
    let clean = |when: &str| {
        let (found, searched) = wanted.found_below(world.data_folder());
        assert!(searched > 10_000, "{when}: only {searched} bytes of server data");
        assert_eq!(found, None, "{when}: in the server's data");
        let vault = fs::read(device.path()).unwrap();
        assert!(
            vault.len() > 10_000,
            "{when}: only {} bytes of vault",
            vault.len()
        );
        assert_eq!(wanted.found_in(&vault), None, "{when}: in the vault file");
    };
    clean("while it runs");
    device.withdraw(grant).await;
    clean("after the withdrawal");
    world.stop().await;
    device.vault.lock();
    let (found, _) = wanted.found_below(world.data_folder());
    assert_eq!(found, None, "after the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_finds_what_is_there() {
    let world = World::new(161).await;
    let wanted = secrets_of(world.config_folder());
    assert!(
        wanted.found_below(world.config_folder()).0.is_some(),
        "the keys are in the folder of keys"
    );
    let planted = world.data_folder().join("planted");
    fs::write(&planted, b"\0\0\0 a Telltale brand 7 \0\0\0").unwrap();
    let wanted = Traces::default().and_text("Telltale brand 7");
    let (found, _) = wanted.found_below(world.data_folder());
    assert!(found.unwrap().starts_with("Telltale brand 7 in "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_nowhere_in_the_file_that_it_opens() {
    let world = World::new(162).await;
    let path = world.place("passphrase.vault");
    let mut dice = world.dice;
    let host = Host {
        clock: world.clocks.vaults,
        randomness: Randomness::new(dice.generator()),
        options: Options {
            kdf: KdfParams::FLOOR,
            ..Options::default()
        },
        anchor: None,
    };
    let passphrase = Passphrase::new(PASSPHRASE).unwrap();
    let vault = VaultFile::at(&path).create(&passphrase, host.clone()).unwrap();
    vault.allow_collection(Receipts).unwrap();
    vault
        .put(NewRecord::new(Receipts).with("brand", Value::Text("Telltale brand".into())))
        .unwrap();
    vault.lock();
    let bytes = fs::read(&path).unwrap();
    let wanted = Traces::default()
        .and_text(PASSPHRASE)
        .and_text("Telltale brand")
        .and_text("receipts");
    assert_eq!(wanted.found_in(&bytes), None);
    let open = VaultFile::at(&path)
        .open(&Secret::Passphrase(&passphrase), host)
        .unwrap();
    assert_eq!(
        open.status()
            .unwrap()
            .records
            .iter()
            .map(|(_, count)| count)
            .sum::<u64>(),
        1
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_servers_keys_and_data_are_for_its_own_user_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new(163).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [world.config_folder(), world.data_folder()] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_certificate =
                fs::read_to_string(&path).is_ok_and(|text| text.contains("BEGIN CERTIFICATE"));
            let expected: &[u32] = if is_certificate { &[0o600, 0o644] } else { &[0o600] };
            assert!(
                expected.contains(&mode(&path)),
                "{:o} {}",
                mode(&path),
                path.display()
            );
        }
    }
}
