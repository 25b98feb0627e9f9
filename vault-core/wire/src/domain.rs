//! An application's own domain: where a vault asks whether a name and its keys are the application's.

use std::fmt;

/// A registered host name (RFC 1123) in its ASCII form, lower case: at least two labels, no port, and
/// not an IP address. Names in other scripts stand in their `xn--` form (RFC 5890), so that two names
/// which look alike do not read alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppDomain(String);

/// Text that is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a domain: write a host name such as shop.example, other scripts in their xn-- form")]
pub struct NotADomain;

/// Names that never lead out of a machine or a home (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
const LOCAL: [&str; 6] = ["localhost", "local", "internal", "lan", "arpa", "alt"];

impl AppDomain {
    /// The domain that a text names.
    pub fn parse(text: &str) -> Result<Self, NotADomain> {
        let labels: Vec<_> = text.split('.').collect();
        let last = labels.last().copied().unwrap_or_default();
        let sound = text.len() <= 253
            && labels.len() >= 2
            && labels.iter().all(|label| is_label(label))
            && last.bytes().any(|byte| byte.is_ascii_lowercase())
            && !LOCAL.contains(&last);
        sound.then(|| Self(text.to_owned())).ok_or(NotADomain)
    }

    /// The domain of an address such as `https://shop.example/about`. An address with a user name or a
    /// port has none: what a prompt shows must be what is asked.
    pub fn of_website(address: &str) -> Result<Self, NotADomain> {
        let rest = address.strip_prefix("https://").ok_or(NotADomain)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self::parse(host)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the application publishes its names and keys.
    pub fn document_url(&self) -> String {
        format!("https://{}/.well-known/pv-app.json", self.0)
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for AppDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_website_names_its_domain() {
        for (address, domain) in [
            ("https://shop.example", "shop.example"),
            ("https://www.shop.example/de?x=1#y", "www.shop.example"),
            ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
            ("https://shop.example?next=evil.example", "shop.example"),
        ] {
            assert_eq!(AppDomain::of_website(address).unwrap().as_str(), domain);
        }
    }

    #[test]
    fn what_could_mislead_or_leads_to_the_inside_is_no_domain() {
        let label = "a".repeat(64);
        for address in [
            "http://shop.example",
            "shop.example",
            "https://",
            "https://shop",
            "https://localhost",
            "https://printer.local",
            "https://Shop.example",
            "https://shop.example:8443",
            "https://shop.example@evil.example",
            "https://shop.example\\evil.example",
            "https://127.0.0.1",
            "https://[::1]",
            "https://0x7f.1",
            "https://shop..example",
            "https://shop.example.",
            "https://-shop.example",
            "https://sh op.example",
            "https://b\u{fc}cher.example",
            "https://\u{0455}hop.example",
            "https://shop_a.example",
            &format!("https://{label}.example"),
            &format!("https://{}example", "abc.".repeat(70)),
        ] {
            assert_eq!(AppDomain::of_website(address), Err(NotADomain), "{address}");
        }
    }
}
