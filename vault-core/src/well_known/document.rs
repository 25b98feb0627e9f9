//! The document itself: which applications a domain has, what they are called, and their keys.

use serde::{Deserialize, Serialize};
use vault_wire::{
    grant_key::SealingPublicKey, id::AppId, json::key_of_hex, request::AppIdentity, signature::PublicKey,
};

use super::{DOCUMENT_BYTES_MAX, DocumentError};

/// Most applications of one domain.
const APPS_MAX: usize = 64;

/// What a domain says of one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    display_name: String,
    brand_name: String,
    controller: String,
    country: String,
    signing_key: PublicKey,
    sealing_key: Option<SealingPublicKey>,
}

/// Members that this version does not know are passed over: a document serves newer vaults too.
#[derive(Deserialize)]
struct Document {
    version: u32,
    apps: Vec<App>,
}

#[derive(Deserialize)]
struct App {
    app_id: String,
    display_name: String,
    brand_name: String,
    controller: String,
    country: String,
    signing_key: String,
    sealing_key: Option<String>,
}

/// What a document says of an application; nothing if it does not name it.
pub(crate) fn read_listing(bytes: &[u8], app: AppId) -> Result<Option<Listing>, DocumentError> {
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLarge);
    }
    let document: Document =
        serde_json::from_slice(bytes).map_err(|_| DocumentError::Malformed("it is not of the known form"))?;
    if document.version != 1 {
        return Err(DocumentError::Malformed("its version is not 1"));
    }
    if document.apps.len() > APPS_MAX {
        return Err(DocumentError::Malformed("it names more than 64 applications"));
    }
    let mut named = document
        .apps
        .into_iter()
        .filter(|listed| listed.app_id.parse() == Ok(app));
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(listed), None) => listed.parsed().map(Some),
        (Some(_), Some(_)) => Err(DocumentError::Malformed("it names an application twice")),
    }
}

impl App {
    fn parsed(self) -> Result<Listing, DocumentError> {
        let no_key = DocumentError::Malformed("a key is not 64 hexadecimal digits");
        let signing_key = key_of_hex(&self.signing_key).ok_or(no_key.clone())?;
        let sealing_key = match self.sealing_key {
            Some(text) => Some(SealingPublicKey(key_of_hex(&text).ok_or(no_key)?)),
            None => None,
        };
        Ok(Listing {
            display_name: self.display_name,
            brand_name: self.brand_name,
            controller: self.controller,
            country: self.country,
            signing_key: PublicKey(signing_key),
            sealing_key,
        })
    }
}

impl Listing {
    /// Whether the application is called so.
    pub(crate) fn names(&self, app: &AppIdentity) -> bool {
        (
            &self.display_name,
            &self.brand_name,
            &self.controller,
            &self.country,
        ) == (&app.display_name, &app.brand_name, &app.controller, &app.country)
    }

    /// Whether the application has these keys.
    pub(crate) fn has_keys_of(&self, app: &AppIdentity) -> bool {
        Some(self.signing_key) == app.signing_key && self.sealing_key == app.sealing_key
    }

    /// Whether two listings have the same keys.
    pub(crate) fn same_keys(&self, other: &Self) -> bool {
        (self.signing_key, self.sealing_key) == (other.signing_key, other.sealing_key)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const APP: AppId = AppId([4; 16]);

    fn document() -> Json {
        json!({
            "version": 1,
            "apps": [{
                "app_id": APP.to_string(),
                "display_name": "Shop",
                "brand_name": "Acme",
                "controller": "Acme GmbH",
                "country": "DE",
                "signing_key": "01".repeat(32),
                "sealing_key": "02".repeat(32),
                "logo": "of a later version",
            }],
        })
    }

    fn read(document: &Json) -> Result<Option<Listing>, DocumentError> {
        read_listing(document.to_string().as_bytes(), APP)
    }

    #[test]
    fn a_document_names_its_applications_and_their_keys() {
        let listing = read(&document()).unwrap().unwrap();
        assert_eq!(listing.signing_key, PublicKey([1; 32]));
        assert_eq!(listing.sealing_key, Some(SealingPublicKey([2; 32])));
        assert_eq!(listing.display_name, "Shop");
        let other = read_listing(document().to_string().as_bytes(), AppId([5; 16]));
        assert_eq!(other, Ok(None));
    }

    #[test]
    fn what_is_not_of_the_form_is_an_error_and_never_half_a_listing() {
        let spoil: [&dyn Fn(&mut Json); 9] = [
            &|d| *d = json!([]),
            &|d| d["version"] = json!(2),
            &|d| d["apps"] = json!({}),
            &|d| drop(d["apps"][0].as_object_mut().unwrap().remove("controller")),
            &|d| drop(d["apps"][0].as_object_mut().unwrap().remove("signing_key")),
            &|d| d["apps"][0]["signing_key"] = json!("01".repeat(31)),
            &|d| d["apps"][0]["sealing_key"] = json!("zz".repeat(32)),
            &|d| {
                let twice = d["apps"][0].clone();
                d["apps"].as_array_mut().unwrap().push(twice);
            },
            &|d| d["apps"] = vec![d["apps"][0].clone(); APPS_MAX + 1].into(),
        ];
        for (number, spoil) in spoil.iter().enumerate() {
            let mut document = document();
            spoil(&mut document);
            assert!(read(&document).is_err(), "case {number}");
        }
        assert!(read_listing(b"\xff\xfe", APP).is_err());
        assert!(read_listing("[".repeat(60_000).as_bytes(), APP).is_err());
        let large = vec![b' '; 65_537];
        assert_eq!(read_listing(&large, APP), Err(DocumentError::TooLarge));
    }
}
