//! `POST /subjects/link`: from the code that a user's vault shows to this application's own id for
//! the user.

use axum::{Json as JsonAnswer, extract::State, http::StatusCode};
use serde::Serialize;

use super::{
    auth::{DeveloperCaller, require},
    json_body::JsonBody,
    limits,
    problem::{Code, Problem},
    strict::{Faults, Node},
};
use crate::{
    Server,
    service::link::{self as service, LinkError},
};

/// The user, as this application knows it.
#[derive(Serialize)]
pub(super) struct Linked {
    subject_id: String,
}

/// A code works once.
pub(super) async fn link(
    State(server): State<Server>,
    DeveloperCaller(caller): DeveloperCaller,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, JsonAnswer<Linked>), Problem> {
    require(&caller, "consent:request")?;
    let faults = Faults::default();
    let code = read(&Node::root(&body, &faults)).map(str::to_owned);
    let code = faults.unless_any(code)?;
    let subject = service::link(&server, &caller, &code).await?;
    let subject_id = subject.to_string();
    Ok((StatusCode::CREATED, JsonAnswer(Linked { subject_id })))
}

fn read<'a>(body: &Node<'a>) -> Option<&'a str> {
    let mut members = body.members()?;
    let code = members
        .required("link_code")
        .and_then(|node| node.text(limits::TOKEN_CHARS_MAX));
    members.finish();
    code
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let detail = error.to_string();
        match error {
            LinkError::WrongCode => Self::new(Code::InvalidRequest, detail),
            LinkError::TooManyTries { retry_after_s } => {
                Self::new(Code::RateLimited, detail).retry_after(retry_after_s)
            }
            LinkError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}
