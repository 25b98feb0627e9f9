//! Request bodies: JSON, small, soon, and each name once.

use std::fmt;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value as Json};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    limits,
    problem::{Code, Problem},
};

/// Every byte of a body that is being read takes its part of this, so that many large bodies at once
/// are an answer 503 and not the end of the process.
static ROOM: Semaphore = Semaphore::const_new(limits::BODIES_KIB_MAX);

/// The JSON of a request's body; an empty object if there is no body. It can hold a secret, so it does
/// not print.
pub(super) struct JsonBody(pub(super) Json);

impl<S: Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let bytes = timeout(limits::BODY_TIME, read(request.into_body()))
            .await
            .map_err(|_| Problem::plain(Code::RequestTimeout))??;
        if bytes.is_empty() {
            return Ok(Self(Json::Object(Map::new())));
        }
        if !is_json {
            return Err(Problem::plain(Code::UnsupportedMediaType));
        }
        parse(&bytes).map(Self)
    }
}

/// Whether the headers say that the body is JSON (`application/json`, or a type built on it).
fn says_json(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    media_type.is_some_and(|media_type| {
        media_type == "application/json"
            || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    })
}

async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut room: Option<SemaphorePermit<'static>> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::InvalidRequest, "The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limits::BODY_BYTES_MAX {
            return Err(Problem::plain(Code::BodyTooLarge));
        }
        take_room(&mut room, bytes.len() + data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn take_room(room: &mut Option<SemaphorePermit<'static>>, bytes: usize) -> Result<(), Problem> {
    let held = room.as_ref().map_or(0, SemaphorePermit::num_permits);
    let missing = bytes.div_ceil(1 << 10).saturating_sub(held);
    if missing == 0 {
        return Ok(());
    }
    let more = u32::try_from(missing)
        .ok()
        .and_then(|missing| ROOM.try_acquire_many(missing).ok())
        .ok_or_else(|| Problem::plain(Code::TemporarilyUnavailable).retry_after(1))?;
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Json, Problem> {
    let invalid = |error: serde_json::Error| {
        Problem::new(
            Code::InvalidRequest,
            format!("The body is not sound JSON: {error}."),
        )
    };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = EachNameOnce.deserialize(&mut deserializer).map_err(invalid)?;
    deserializer.end().map_err(invalid)?;
    Ok(value)
}

/// Reads a value and refuses an object that names a member twice: two readers could take a different
/// one of them, and what a person consents to must be beyond doubt.
struct EachNameOnce;

impl<'de> DeserializeSeed<'de> for EachNameOnce {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EachNameOnce {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element_seed(Self)? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Self)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("an object names a member twice"));
            }
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_reads_as_it_stands() {
        let text = r#"{"a":[1,-2,2.5,true,null,"\u2019"],"b":{"c":{}}}"#;
        let expected = json!({"a": [1, -2, 2.5, true, null, "’"], "b": {"c": {}}});
        assert_eq!(parse(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"b":{"a":1,"\u0061":1}}]"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn broken_trailing_or_bottomless_json_is_refused() {
        let bottomless = "[".repeat(1 << 20);
        for text in [
            "{",
            "{}{}",
            "nul",
            "\u{feff}{}",
            "{\"a\":1e999}",
            bottomless.as_str(),
        ] {
            assert!(parse(text.as_bytes()).is_err());
        }
        assert!(parse(&[0xff, 0xfe]).is_err());
    }

    #[test]
    fn media_types_are_told_apart() {
        let says = |value: &str| {
            says_json(&HeaderMap::from_iter([(
                header::CONTENT_TYPE,
                value.parse().unwrap(),
            )]))
        };
        assert!(says("application/json") && says("Application/JSON; charset=utf-8"));
        assert!(says("application/merge-patch+json"));
        assert!(!says("text/json") && !says("application/x-www-form-urlencoded") && !says("json"));
        assert!(!says_json(&HeaderMap::new()));
    }
}
