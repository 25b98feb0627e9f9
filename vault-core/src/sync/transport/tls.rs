//! TLS 1.3 towards the server: it shows an X.509 certificate whose key must be the pinned one, and
//! this device shows its transport key as a raw public key (RFC 7250).

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, SignatureScheme,
    client::{
        AlwaysResolvesClientRawPublicKeys,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use vault_wire::{
    frame::ALPN,
    signature::{PublicKey, SecretKey},
};

use sha2::{Digest, Sha256};

use super::{ServerKeyPin, SyncError};

/// One server key that is trusted, and one device key that is shown.
pub(super) struct Identity {
    pin: ServerKeyPin,
    device: Arc<CertifiedKey>,
}

impl Identity {
    pub(super) fn new(pin: ServerKeyPin, transport_seed: &[u8; 32]) -> Result<Self, SyncError> {
        let device = device_key(transport_seed)?;
        Ok(Self { pin, device })
    }

    /// A TLS configuration for one connection, and what it will come to think of the server's key.
    pub(super) fn client_config(&self) -> Result<(ClientConfig, Verdict), SyncError> {
        let provider = Arc::new(ring::default_provider());
        let verdict = Verdict::default();
        let verifier = PinnedServer {
            pin: self.pin,
            provider: provider.clone(),
            verdict: verdict.clone(),
        };
        let shown = AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.device));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|_| SyncError::Protocol("TLS 1.3 is not available"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_early_data = false;
        Ok((config, verdict))
    }
}

fn device_key(seed: &[u8; 32]) -> Result<Arc<CertifiedKey>, SyncError> {
    let public = SecretKey::from_seed(seed).public();
    let pkcs8 = zeroize::Zeroizing::new([&PKCS8_PREFIX[..], seed].concat());
    let key = PrivatePkcs8KeyDer::from(pkcs8.as_slice());
    let signer = ring::sign::any_eddsa_type(&key)
        .map_err(|_| SyncError::Protocol("the transport key is not usable"))?;
    Ok(Arc::new(CertifiedKey::new(
        vec![spki_as_certificate(&public)],
        signer,
    )))
}

fn spki_as_certificate(public: &PublicKey) -> CertificateDer<'static> {
    CertificateDer::from(public.to_spki().to_vec())
}

/// PKCS #8 version 1 around an Ed25519 seed (RFC 8410), up to the seed's 32 bytes.
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Remembers whether the handshake failed because of the server's key, which TLS alerts do not say.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict(Arc<Mutex<bool>>);

impl Verdict {
    fn refuse(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    pub(super) fn refused(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts one public key, whatever the certificate around it says: the pin came from the operator.
#[derive(Debug)]
struct PinnedServer {
    pin: ServerKeyPin,
    provider: Arc<CryptoProvider>,
    verdict: Verdict,
}

impl PinnedServer {
    fn is_pinned(&self, spki: &SubjectPublicKeyInfoDer<'_>) -> bool {
        Sha256::digest(spki.as_ref()).as_slice() == self.pin.0
    }
}

impl ServerCertVerifier for PinnedServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        if self.is_pinned(&certificate.subject_public_key_info()) {
            return Ok(ServerCertVerified::assertion());
        }
        self.verdict.refuse();
        Err(rustls::Error::InvalidCertificate(
            rustls::CertificateError::ApplicationVerificationFailure,
        ))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(
            rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
