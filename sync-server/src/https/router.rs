//! Every route, by who calls it.

use axum::{
    Router,
    extract::Request,
    middleware,
    routing::{get, post, put},
};

use super::{
    apps, catalogues, consent_requests, data, docs, envelope, grants,
    problem::{Code, Problem},
    request_consent, session_tokens, subjects,
};
use crate::Server;

/// The whole surface. `/api/v1` and `/v1` are the same.
pub fn router(server: Server) -> Router {
    let routes = Router::new()
        .merge(everybodys_routes())
        .nest("/api/v1", developers_routes())
        .nest("/v1", developers_routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(another_method)
        .with_state(server.clone());
    // Around the whole router, so that not even a fallback answers without the envelope.
    let enveloped = middleware::from_fn_with_state(server, envelope::envelope);
    Router::new().fallback_service(tower::ServiceBuilder::new().layer(enveloped).service(routes))
}

/// Without credentials.
fn everybodys_routes() -> Router<Server> {
    Router::new()
        .route("/health", get(health))
        .route("/docs/errors/{slug}", get(docs::error))
}

/// With an API key or a session token.
fn developers_routes() -> Router<Server> {
    Router::new()
        // An API key only.
        .route("/session-tokens", post(session_tokens::issue))
        // An API key, or a session token with the scope.
        .route("/subjects/link", post(subjects::link))
        .route("/request-consent", post(request_consent::request_consent))
        .route("/request-consent/prepare", post(request_consent::prepare))
        .route("/consent-requests/{id}", get(consent_requests::show))
        .route("/grants", get(grants::list))
        .route("/grants/{id}", get(grants::show))
        .route("/grants/{id}/amend", post(request_consent::amend))
        .route("/apps/{id}", get(apps::show))
        .route("/apps/{id}/keys", put(apps::set_keys))
        // A session token only.
        .route("/users/{subject_id}/{category}", get(data::read))
        // No credentials: what there is to ask for.
        .route("/categories", get(catalogues::categories))
        .route("/purposes", get(catalogues::purposes))
        .route("/scopes", get(catalogues::scopes))
}

/// Whether the process answers; nothing about its state.
async fn health() -> &'static str {
    "ok"
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound, "There is no such endpoint.")
}

async fn another_method(request: Request) -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        format!("This endpoint does not take {}.", request.method()),
    )
}
