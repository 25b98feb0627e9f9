//! The `Prefer` header (RFC 7240): how long a caller will wait for a decision.

use axum::http::{HeaderMap, HeaderName};

/// The longest wait, in seconds.
pub(super) const WAIT_SECONDS_MAX: u32 = 180;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What a caller prefers. What is malformed or unknown is ignored, as the standard asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Preference {
    wait_seconds: Option<u32>,
    respond_async: bool,
}

impl Preference {
    /// Reads every `Prefer` header; of a preference that is stated twice, the first counts.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut preference = Self::default();
        let stated = headers
            .get_all(PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for token in stated {
            preference.take(token.split(';').next().unwrap_or_default());
        }
        preference
    }

    fn take(&mut self, token: &str) {
        let (name, value) = token.split_once('=').unwrap_or((token, ""));
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("wait") && self.wait_seconds.is_none() {
            self.wait_seconds = seconds(value);
        }
        if name.trim().eq_ignore_ascii_case("respond-async") && value.is_empty() {
            self.respond_async = true;
        }
    }

    /// How long to wait, in milliseconds: as stated; not at all for `respond-async` alone; otherwise
    /// `default_seconds`.
    pub(super) fn wait_ms(self, default_seconds: u32) -> i64 {
        let unstated = if self.respond_async { 0 } else { default_seconds };
        i64::from(self.wait_seconds.unwrap_or(unstated)) * 1_000
    }

    /// What `Preference-Applied` says, if anything was stated.
    pub(super) fn applied(self) -> Option<String> {
        let wait = self.wait_seconds.map(|seconds| format!("wait={seconds}"));
        let asynchronous = self.respond_async.then(|| "respond-async".to_owned());
        let applied: Vec<String> = asynchronous.into_iter().chain(wait).collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

/// Whole seconds, held to the longest wait; digits only.
fn seconds(text: &str) -> Option<u32> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| text.parse().unwrap_or(u32::MAX).min(WAIT_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Preference {
        let headers = values.iter().map(|value| (PREFER, value.parse().unwrap()));
        Preference::of(&HeaderMap::from_iter(headers))
    }

    #[test]
    fn each_way_to_state_a_preference_is_read() {
        for (values, wait_ms, applied) in [
            (&["wait=5"][..], 5_000, Some("wait=5")),
            (&["WAIT = \"7\""], 7_000, Some("wait=7")),
            (&["wait=0"], 0, Some("wait=0")),
            (&["respond-async"], 0, Some("respond-async")),
            (
                &["respond-async, wait=10"],
                10_000,
                Some("respond-async, wait=10"),
            ),
            (
                &["wait=10", "respond-async; foo=bar"],
                10_000,
                Some("respond-async, wait=10"),
            ),
            (&["wait=3, wait=9"], 3_000, Some("wait=3")),
            (&["wait=300"], 180_000, Some("wait=180")),
            (&["wait=99999999999999999999"], 180_000, Some("wait=180")),
        ] {
            let preference = of(values);
            assert_eq!(preference.wait_ms(180), wait_ms, "{values:?}");
            assert_eq!(preference.applied().as_deref(), applied, "{values:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_ignored_and_the_default_holds() {
        for value in [
            "",
            "wait",
            "wait=",
            "wait=-1",
            "wait=+5",
            "wait=1.5",
            "wait=soon",
            "return=minimal",
            ",;=,",
        ] {
            assert_eq!(of(&[value]).wait_ms(180), 180_000, "{value:?}");
            assert_eq!(of(&[value]).applied(), None, "{value:?}");
        }
    }
}
