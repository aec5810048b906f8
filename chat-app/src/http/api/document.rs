//! The OpenAPI document of the API, made from the handlers and the model. Pure.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::{conversations, events, messages, people, problem, search};

#[derive(OpenApi)]
#[openapi(
    info(title = "Confab", description = "The API of a Confab chat, for programs. See docs/api.md.", version = "1"),
    servers((url = "/api/v1")),
    paths(
        people::me, people::search, search::messages,
        conversations::list, conversations::show, conversations::members, conversations::mark_read,
        messages::list, messages::send, messages::show, messages::edit, messages::delete, messages::react, messages::unreact,
        messages::pin, messages::unpin, messages::pinned, events::follow,
    ),
    components(schemas(problem::Problem)),
    security(("token" = [])),
    modifiers(&Token, &Problems),
)]
struct Document;

/// The OpenAPI document.
pub fn document() -> String {
    let mut json = Document::openapi()
        .to_pretty_json()
        .expect("the document has no map with keys other than text");
    json.push('\n');
    json
}

/// Adds the access token, by which every operation is called.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token of the page /account/tokens."))
            .build();
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(scheme);
        components.add_security_scheme("token", scheme);
    }
}

/// Adds the problems that an operation can answer with, as its parameters and its body have them.
struct Problems;

/// Every operation has these.
const COMMON: [(&str, &str); 5] = [
    ("401", "There is no valid access token."),
    ("403", "The access token or its account may not do this."),
    (
        "429",
        "Too many requests; `Retry-After` has the seconds to wait.",
    ),
    ("500", "A fault of the chat. It is logged."),
    (
        "503",
        "The chat cannot serve this now; `Retry-After` has the seconds to wait.",
    ),
];
const OF_A_PATH: (&str, &str) = ("404", "It does not exist, or the account cannot see it.");
const OF_A_QUERY: (&str, &str) = ("400", "A parameter is not as documented.");
const OF_A_BODY: [(&str, &str); 4] = [
    ("400", "The body is not JSON."),
    ("413", "The body is too large."),
    ("415", "The body has another media type."),
    ("422", "The body has a value that cannot be used."),
];

impl Modify for Problems {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let items = document.paths.paths.values_mut();
        items.flat_map(operations).for_each(add_problems);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ];
    all.into_iter().flatten()
}

fn add_problems(operation: &mut Operation) {
    let has = |operation: &Operation, place: ParameterIn| {
        let parameters = operation.parameters.iter().flatten();
        let mut places = parameters.filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(&parameter.parameter_in),
            RefOr::Ref(_) => None,
        });
        places.any(|it| *it == place)
    };
    let mut problems = COMMON.to_vec();
    if has(operation, ParameterIn::Path) {
        problems.push(OF_A_PATH);
    }
    if has(operation, ParameterIn::Query) {
        problems.push(OF_A_QUERY);
    }
    if operation.request_body.is_some() {
        problems.extend(OF_A_BODY);
    }
    for (status, description) in problems {
        let responses = &mut operation.responses.responses;
        let response = || RefOr::T(problem_response(description));
        responses.entry(status.to_owned()).or_insert_with(response);
    }
}

fn problem_response(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description(description)
        .content(problem::MEDIA_TYPE, Content::new(Some(schema)))
        .build()
}

/// The document itself, for anyone.
pub(super) async fn serve() -> impl IntoResponse {
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (media_type, document())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_up_to_date() {
        let written = include_str!("../../../../docs/reference/openapi.json");
        assert!(written == document(), "run make generate");
    }
}
