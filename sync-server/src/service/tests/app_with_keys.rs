//! An application with keys: it signs what it asks, and what is sealed to it nobody else opens.

use vault_wire::{
    frame::StatementOutcome,
    grant_key::{SealedGrantKey, SealingSecretKey},
    labels,
    request::ConsentRequest,
    signature::{SecretKey, Signature},
    terms::{Delivery, Terms},
};

use super::{
    device::{Given, given},
    world::{World, new_request, terms},
};
use crate::service::{
    app_keys::{AppKeys, set_app_keys},
    request_consent::RequestError,
    request_view::RequestView,
    signed_request::{SignedRequest, prepare_request, request_signed},
};

pub(super) fn signing() -> SecretKey {
    SecretKey::from_seed(&[0x51; 32])
}

pub(super) fn sealing() -> SealingSecretKey {
    SealingSecretKey::from_bytes([0x52; 32])
}

pub(super) fn sealed_terms() -> Terms {
    Terms {
        delivery: Delivery::Sealed,
        ..terms()
    }
}

/// A world whose application has keys.
pub(super) async fn with_keys() -> World {
    let world = World::new().await;
    let keys = AppKeys {
        signing: signing().public(),
        sealing: Some(sealing().public()),
    };
    set_app_keys(&world.server, world.caller.app, keys).await.unwrap();
    world
}

impl World {
    pub(super) fn prepared(&self, terms: Terms) -> ConsentRequest {
        prepare_request(&self.server, &self.caller, new_request(self.subject, terms)).unwrap()
    }

    pub(super) async fn ask_with(
        &self,
        bytes: Vec<u8>,
        signature: Signature,
    ) -> Result<RequestView, RequestError> {
        let signed = SignedRequest {
            bytes,
            signature,
            metadata: None,
        };
        request_signed(&self.server, &self.caller, signed).await
    }

    pub(super) async fn ask_signed(&self, request: &ConsentRequest) -> Result<RequestView, RequestError> {
        let bytes = request.to_bytes();
        let signature = signing().sign(labels::REQUEST, &bytes);
        self.ask_with(bytes, signature).await
    }

    /// A sealed grant with its key.
    pub(super) async fn sealed_grant(&self) -> Given {
        self.ask_signed(&self.prepared(sealed_terms())).await.unwrap();
        let asked = self.device.asked(&self.server).await;
        let statement = self
            .device
            .decide(&asked, given(sealed_terms()), self.server.now());
        let granted = self.device.granted(&statement);
        let outcome = self
            .device
            .give_with(&self.server, &granted, sealed_key(&granted))
            .await;
        assert!(matches!(outcome, StatementOutcome::Accepted(_)));
        granted
    }
}

pub(super) fn sealed_key(granted: &Given) -> SealedGrantKey {
    granted.key_for(&sealing().public())
}
