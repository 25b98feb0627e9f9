//! The `vault-open` command: keys, opening answers, signing requests.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use rand_core::UnwrapErr;
use serde_json::{Value as Json, json};
use vault_open::{KeyPair, open_answer, sealing_key_of_pem, sign_request, signing_key_of_pem};
use zeroize::Zeroizing;

/// Most that is read from standard input: beyond what the API answers.
const INPUT_BYTES_MAX: u64 = 64 << 20;

/// Opens what only your application can open, and signs what it asks.
#[derive(Parser)]
#[command(name = "vault-open", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a sealing key and a signing key, each in a file of its own, and print their public halves.
    Keygen {
        /// The folder for the two files.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// Read an answer of GET /users/{subject_id}/{category} and print it with its records opened.
    Open {
        /// Your sealing key; after a change of keys also the one before.
        #[arg(long = "key", required = true, value_name = "FILE")]
        keys: Vec<PathBuf>,
    },
    /// Read an answer of POST /request-consent/prepare and print the body for POST /request-consent.
    Sign {
        /// Your signing key.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// The body that you sent to be prepared; nothing is signed that asks for more.
        #[arg(long, value_name = "FILE")]
        asked: PathBuf,
    },
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(answer) => match writeln!(io::stdout(), "{answer}") {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(failure) => {
            // Where nobody reads errors either, the exit status says enough.
            let _ = writeln!(io::stderr(), "vault-open: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Json, Failure> {
    match command {
        Command::Keygen { folder } => keygen(&folder),
        Command::Open { keys } => {
            let mut read = Vec::new();
            for path in &keys {
                read.push(sealing_key_of_pem(&text_of(path)?).map_err(|error| at(path, &error))?);
            }
            Ok(open_answer(&input()?, &read)?)
        }
        Command::Sign { key, asked } => {
            let signing = signing_key_of_pem(&text_of(&key)?).map_err(|error| at(&key, &error))?;
            Ok(sign_request(&input()?, text_of(&asked)?.as_bytes(), &signing)?)
        }
    }
}

fn keygen(folder: &Path) -> Result<Json, Failure> {
    let keys = KeyPair::generate(&mut UnwrapErr(getrandom::SysRng));
    let (sealing, signing) = (folder.join("sealing-key.pem"), folder.join("signing-key.pem"));
    keep(&sealing, &keys.sealing_pem())?;
    keep(&signing, &keys.signing_pem())?;
    let public = keys.public();
    Ok(json!({
        "sealing_key": public.sealing,
        "signing_key": public.signing,
        "files": [sealing, signing],
    }))
}

/// Writes a new file that only its owner can read. One that is there already is never overwritten.
fn keep(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| at(path, &error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| at(path, &error))
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| at(path, &error))?;
    Ok(Zeroizing::new(text))
}

fn input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(INPUT_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        return Err("standard input is larger than any answer of the API".into());
    }
    Ok(bytes)
}

fn at(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", path.display()).into()
}
