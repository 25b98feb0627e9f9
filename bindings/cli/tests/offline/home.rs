//! A home folder with a vault in it, and commands that are run there.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;
use vault_core::{Host, KdfParams, Options, Passphrase, VaultFile};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// A home folder with a vault in it.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    /// What commands remember of vault files.
    state: tempfile::TempDir,
}

/// What a command answered.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            state: tempfile::tempdir().unwrap(),
        }
    }

    /// With a vault that opens fast: the least stretching that is accepted.
    pub(crate) fn with_vault() -> Self {
        let home = Self::empty();
        let options = Options {
            kdf: KdfParams::FLOOR,
            ..Options::default()
        };
        let host = Host {
            options,
            ..Host::system()
        };
        VaultFile::at(home.vault()).create(&passphrase(), host).unwrap();
        home
    }

    /// With a vault that collects some categories.
    pub(crate) fn collecting(categories: &[&str]) -> Self {
        let home = Self::with_vault();
        for category in categories {
            home.run(&["collect", category, "on", "--yes"]).must_succeed();
        }
        home
    }

    pub(crate) fn vault(&self) -> PathBuf {
        self.folder.path().join("my.vault")
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vault"));
        command
            .args(arguments)
            .env("HOME", self.folder.path())
            .env_remove("XDG_DATA_HOME")
            .env("XDG_STATE_HOME", self.state.path())
            .env("VAULT_FILE", self.vault())
            .env("VAULT_PASSPHRASE", PASSPHRASE)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Answer {
        answer_to(self.command(arguments), input)
    }
}

pub(crate) fn answer_to(mut command: Command, input: &str) -> Answer {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Answer::of(child.wait_with_output().unwrap())
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn must_succeed(self) -> Self {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn must_fail(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn objects(&self) -> Vec<Json> {
        let lines = self.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn object(&self) -> Json {
        let [object] = <[Json; 1]>::try_from(self.objects()).unwrap();
        object
    }

    pub(crate) fn error(&self) -> Json {
        serde_json::from_str::<Json>(&self.stderr).unwrap()["error"].clone()
    }
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE).unwrap()
}

pub(crate) fn sample(name: &str) -> String {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    samples.join(name).display().to_string()
}
