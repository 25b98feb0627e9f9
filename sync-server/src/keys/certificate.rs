//! The server's certificate. Its key and the authority behind it are files; the certificate itself
//! is issued anew at each start, so that it follows the configured names and never runs out.

use std::{net::IpAddr, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, date_time_ymd,
};
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, ring},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use vault_wire::time::Timestamp;

use super::{KeysError, files::KeyFiles};
use crate::config::Config;

const AUTHORITY_YEARS: i16 = 20;
const SERVER_YEARS: i16 = 2;

/// What the server shows in TLS, over HTTPS and QUIC alike.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    ca_pem: String,
    ca: CertificateDer<'static>,
    fingerprint: [u8; 32],
    certified: Arc<CertifiedKey>,
}

/// The certificate of a new authority, as PEM.
pub(super) fn authority(key: &KeyPair, now: Timestamp) -> Result<String, KeysError> {
    Ok(authority_params(now).self_signed(key)?.pem())
}

impl TlsIdentity {
    /// What a server with this configuration shows, whether it runs or not.
    ///
    /// # Errors
    ///
    /// [`KeysError`], also if the server was never started.
    pub fn read(config: &Config, now: Timestamp) -> Result<Self, KeysError> {
        Self::issue(&KeyFiles::read(&config.config_dir)?, &config.public_names, now)
    }

    /// A certificate for `localhost`, the loopback addresses and the given names.
    pub(super) fn issue(files: &KeyFiles, names: &[String], now: Timestamp) -> Result<Self, KeysError> {
        let issuer = Issuer::new(authority_params(now), &files.ca_key);
        let leaf = server_params(names, now)?.signed_by(&files.tls_key, &issuer)?;
        let ca = first_certificate(&files.ca_pem)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(files.tls_key.serialize_der()));
        let chain = vec![leaf.der().clone(), ca.clone()];
        let certified = CertifiedKey::from_der(chain, key, &provider())?;
        Ok(Self {
            ca_pem: files.ca_pem.clone(),
            ca,
            fingerprint: Sha256::digest(files.tls_key.subject_public_key_info()).into(),
            certified: Arc::new(certified),
        })
    }

    /// SHA-256 of the certificate's public key (DER `SubjectPublicKeyInfo`): what a vault pins.
    pub const fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The fingerprint in lower-case hexadecimal, as `vault connect --server-key` takes it.
    pub fn fingerprint_text(&self) -> String {
        vault_wire::json::hex(&self.fingerprint)
    }

    /// The authority's certificate, as PEM: what a developer's HTTPS client trusts.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Roots that trust the authority and nothing else.
    pub fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        // The certificate was read when this was made, so it is added.
        let _ = roots.add(self.ca.clone());
        roots
    }

    /// The certificate chain and its key.
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

/// The cryptography that all TLS of this server uses.
pub(crate) fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn first_certificate(pem: &str) -> Result<CertificateDer<'static>, KeysError> {
    use rustls_pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeysError::Malformed {
        path: "ca.pem".into(),
    })
}

fn authority_params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Sync server authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(params, now, AUTHORITY_YEARS)
}

fn server_params(names: &[String], now: Timestamp) -> Result<CertificateParams, KeysError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Sync server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    // Two certificates of one issuer must never share a serial number (RFC 5280, 4.1.2.2).
    params.serial_number = Some(SerialNumber::from_slice(&now.unix_ms().to_be_bytes()));
    let always = ["localhost", "127.0.0.1", "::1"];
    for name in always.into_iter().chain(names.iter().map(String::as_str)) {
        params.subject_alt_names.push(alt_name(name)?);
    }
    Ok(valid_for(params, now, SERVER_YEARS))
}

fn alt_name(name: &str) -> Result<SanType, KeysError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let is_host = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    name.try_into()
        .ok()
        .filter(|_| is_host)
        .map(SanType::DnsName)
        .ok_or_else(|| KeysError::Name(name.to_owned()))
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// From the month before, so that clocks may differ.
fn valid_for(mut params: CertificateParams, now: Timestamp, years: i16) -> CertificateParams {
    let today = now.utc_date();
    let (year, month) = (i32::from(today.year()), today.month().unsigned_abs());
    let (from_year, from_month) = if month == 1 {
        (year - 1, 12)
    } else {
        (year, month - 1)
    };
    params.not_before = date_time_ymd(from_year, from_month, 1);
    params.not_after = date_time_ymd(year + i32::from(years), month, 1);
    params
}
