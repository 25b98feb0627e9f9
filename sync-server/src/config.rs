//! `sync-server.toml`: every setting with its default beside it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// How the server runs. An empty file is a working configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where developers are served over HTTPS. Default `127.0.0.1:8443`: reachable from this
    /// machine only. Port 0 takes a free one.
    pub https: SocketAddr,
    /// Where devices are served over QUIC (UDP), and on the TCP port of the same number those whose network
    /// lets no UDP through. Default `127.0.0.1:8444`.
    pub devices: SocketAddr,
    /// Names and addresses, besides `localhost` and the loopback addresses, that the server's
    /// certificate is valid for. Default none.
    pub public_names: Vec<String>,
    /// Folder of certificates and keys, and of the erasure ledger, which grows with each withdrawal;
    /// mode 0700. Keep it apart from `data_dir`, in backups too, and never set it back together with
    /// the data: the ledger is what keeps withdrawn grants withdrawn and revoked devices revoked.
    /// Default `config`.
    pub config_dir: PathBuf,
    /// Folder of the sealed data. Default `data`.
    pub data_dir: PathBuf,
    /// Who may enrol a vault. Default `open`.
    pub enrolment: Enrolment,
    /// After how many days the last backup that may hold an erased entry is destroyed; erasure
    /// receipts state it. Leave it out if no backups are made. Default none.
    pub backups_expire_days: Option<u32>,
    /// Memory for decrypted pages of the data store, in MiB, taken as they are read. Default 256: a grant of a
    /// million entries finds its slots there.
    pub cache_mib: usize,
}

/// Who may enrol a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enrolment {
    /// Everybody.
    Open,
    /// Those with an invitation, made by `sync-server invite create`.
    Invite,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("{} is not a valid configuration: {source}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            https: SocketAddr::from((Ipv4Addr::LOCALHOST, 8443)),
            devices: SocketAddr::from((Ipv4Addr::LOCALHOST, 8444)),
            public_names: Vec::new(),
            config_dir: PathBuf::from("config"),
            data_dir: PathBuf::from("data"),
            enrolment: Enrolment::Open,
            backups_expire_days: None,
            cache_mib: 256,
        }
    }
}

impl Config {
    /// Reads a configuration file. Folders that it names are relative to the file's own.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file cannot be read, or holds an unknown or unusable setting.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let config: Self = toml::from_str(&text).map_err(|source| ConfigError::Invalid {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        Ok(config.beneath(path.parent().unwrap_or(Path::new(""))))
    }

    /// The same configuration with its folders below another one; absolute ones stay.
    #[must_use]
    pub fn beneath(mut self, folder: &Path) -> Self {
        self.config_dir = folder.join(self.config_dir);
        self.data_dir = folder.join(self.data_dir);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync-server.toml");
        std::fs::write(&path, "").unwrap();
        let config = Config::read(&path).unwrap();
        assert_eq!(config, Config::default().beneath(folder.path()));
        assert!(config.https.ip().is_loopback() && config.devices.ip().is_loopback());
    }

    #[test]
    fn a_misspelt_setting_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync-server.toml");
        std::fs::write(&path, "enrollment = \"invite\"").unwrap();
        let error = Config::read(&path).unwrap_err().to_string();
        assert!(error.contains("enrollment"), "{error}");
    }
}
