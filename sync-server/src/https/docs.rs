//! The page about each error code: where `type` and `doc_url` of a problem lead.

use axum::extract::{Path, rejection::PathRejection};

use super::problem::{Code, Problem};

/// One code, in plain text.
pub(super) async fn error(slug: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let Path(slug) = slug.map_err(|_| Problem::plain(Code::NotFound))?;
    let code = Code::ALL.iter().find(|code| code.slug() == slug);
    code.map(|code| {
        format!(
            "{} {}: {}\n\n{}\n",
            code.status().as_u16(),
            code.name(),
            code.title(),
            code.about()
        )
    })
    .ok_or_else(|| Problem::new(Code::NotFound, "There is no such error code."))
}
