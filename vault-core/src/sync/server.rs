//! The server that a vault is connected to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use vault_file::{Snapshot, Transaction};
use vault_wire::{frame::ServerKeys, id::StateId, json::hex, time::Timestamp};

use crate::{
    error::Error,
    store::{
        Store, decode, encode,
        tables::{META, meta},
    },
};

/// Where a server listens for devices: a host name or IP address, and a port, of UDP and of TCP alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAddress {
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// SHA-256 of the server's public key (`SubjectPublicKeyInfo`), written as 64 hexadecimal digits. It
/// comes from the operator, in a link or a QR code; there is no trust on first use.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKeyPin(pub [u8; 32]);

/// Text that is not an address or not a fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServer {
    /// Not an address.
    #[error("not an address: write HOST:PORT, an IPv6 address in brackets")]
    Address,
    /// Not a fingerprint.
    #[error("not a server key: write the 64 hexadecimal digits that the server prints at its start")]
    Key,
}

/// A server as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerRow {
    pub(crate) address: ServerAddress,
    pub(crate) pin: ServerKeyPin,
    /// Its own keys, pinned at the first session.
    pub(crate) keys: Option<ServerKeys>,
    /// The life of its data that this vault last spoke to.
    pub(crate) state: Option<StateId>,
    /// Until when TCP is tried first, because UDP did not get through.
    pub(crate) udp_blocked_until: Option<Timestamp>,
}

/// The server that this vault is connected to.
pub(crate) fn connected_server(view: &Snapshot) -> Result<ServerRow, Error> {
    let row = view.table(&META)?.get(meta::SERVER)?.ok_or(Error::NotConnected)?;
    decode(&row, "its server")
}

/// A server as it is to be stored: what was learnt of it before is kept, if it is the same one.
pub(crate) fn trusted(store: &Store, address: &ServerAddress, pin: ServerKeyPin) -> Result<ServerRow, Error> {
    match connected_server(&store.view()?) {
        Ok(known) if known.address == *address && known.pin == pin => Ok(known),
        Ok(_) | Err(Error::NotConnected) => Ok(ServerRow {
            address: address.clone(),
            pin,
            keys: None,
            state: None,
            udp_blocked_until: None,
        }),
        Err(error) => Err(error),
    }
}

/// Connects the vault to a server, or remembers what was learnt of it.
pub(crate) fn set_server(transaction: &Transaction, server: &ServerRow) -> Result<(), Error> {
    transaction.table(&META)?.insert(meta::SERVER, &encode(server))?;
    Ok(())
}

/// The vault is connected to no server any more.
pub(crate) fn forget_server(transaction: &Transaction) -> Result<(), Error> {
    transaction.table(&META)?.remove(meta::SERVER)?;
    Ok(())
}

impl FromStr for ServerAddress {
    type Err = InvalidServer;

    fn from_str(text: &str) -> Result<Self, InvalidServer> {
        let (host, port) = text.rsplit_once(':').ok_or(InvalidServer::Address)?;
        let port = port.parse().map_err(|_| InvalidServer::Address)?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let plausible = !bare.is_empty() && (bare == host) != bare.contains(':');
        if plausible {
            Ok(Self {
                host: bare.to_owned(),
                port,
            })
        } else {
            Err(InvalidServer::Address)
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for ServerKeyPin {
    type Err = InvalidServer;

    fn from_str(text: &str) -> Result<Self, InvalidServer> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        let mut pin = [0; 32];
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(InvalidServer::Key);
        }
        for (byte, pair) in pin.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| InvalidServer::Key)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| InvalidServer::Key)?;
        }
        Ok(Self(pin))
    }
}

impl fmt::Display for ServerKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ServerKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_they_are_written() {
        for text in ["vault.example:8444", "127.0.0.1:1", "[::1]:8444"] {
            assert_eq!(text.parse::<ServerAddress>().unwrap().to_string(), text);
        }
        for text in [
            "vault.example",
            "::1:8444",
            ":8444",
            "[vault.example]:1",
            "vault.example:99999",
        ] {
            assert!(text.parse::<ServerAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pin_is_sixty_four_hexadecimal_digits() {
        let pin = ServerKeyPin([0xab; 32]);
        assert_eq!(pin.to_string().parse(), Ok(pin));
        assert!("ab".parse::<ServerKeyPin>().is_err());
        assert!("+a".repeat(32).parse::<ServerKeyPin>().is_err());
    }
}
