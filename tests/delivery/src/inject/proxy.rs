//! Forwards requests and answers; the injector decides about each. Does I/O.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::injector::Post;
use super::sockets::Sockets;
use super::upstream::{Shared, Upstream};
use super::websocket;
use anyhow::{Result, anyhow};

const BODY_LIMIT: usize = 16 * 1024 * 1024;

pub(super) fn router(shared: Arc<Shared>, sockets: Sockets, to: &str) -> Result<Router> {
    let upstream = Upstream {
        shared,
        sockets,
        url: Arc::new(to.parse()?),
    };
    Ok(Router::new().fallback(forward).with_state(upstream))
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    match upstream.forward(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

pub(super) fn cookie(headers: &HeaderMap) -> String {
    let cookie = headers
        .get(header::COOKIE)
        .and_then(|cookie| cookie.to_str().ok());
    cookie.unwrap_or_default().to_owned()
}

/// The conversation whose page is requested.
fn page_of(method: &Method, path: &str) -> Option<i64> {
    let id = path.strip_prefix("/c/").filter(|_| method == Method::GET)?;
    id.parse().ok()
}

impl Upstream {
    async fn forward(&self, request: Request) -> Result<Response> {
        let (mut parts, body) = request.into_parts();
        if parts.uri.path() == "/live" {
            let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
            let upgrade = upgrade.map_err(|refused| anyhow!(refused.to_string()))?;
            return Ok(websocket::connect(self.clone(), cookie(&parts.headers), upgrade).await);
        }
        let body = String::from_utf8(to_bytes(body, BODY_LIMIT).await?.to_vec())?;
        let path = parts.uri.path().to_owned();
        let post = match parts.method {
            Method::POST => self.shared.injector().post(&path, &body),
            _ => Post::Forward,
        };
        if let Post::Swallow(status, answer) = post {
            let json = [(header::CONTENT_TYPE, "application/json")];
            return Ok((StatusCode::from_u16(status)?, json, answer).into_response());
        }
        let who = cookie(&parts.headers);
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let read = page_of(&parts.method, &path);
        let impersonate =
            read.and_then(|conversation| self.shared.injector().impersonate(&who, conversation));
        if let Some(cookie) = impersonate {
            parts.headers.insert(header::COOKIE, cookie.parse()?);
        }
        let answer = self
            .request(&parts.method, target, &parts.headers, body)
            .await?;
        if let Post::Twice(again) = post {
            self.request(&parts.method, target, &parts.headers, again)
                .await?;
        }
        self.answer(&who, read, answer).await
    }

    async fn request(
        &self,
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        body: String,
    ) -> Result<reqwest::Response> {
        let mut headers = headers.clone();
        for name in [
            header::HOST,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::ACCEPT_ENCODING,
        ] {
            headers.remove(name);
        }
        let request = self
            .shared
            .http
            .request(method.clone(), self.url.join(target)?);
        Ok(request.headers(headers).body(body).send().await?)
    }

    async fn answer(
        &self,
        who: &str,
        read: Option<i64>,
        answer: reqwest::Response,
    ) -> Result<Response> {
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let location = headers
            .get(header::LOCATION)
            .and_then(|to| to.to_str().ok()?.strip_prefix("/c/")?.parse().ok());
        if let Some(conversation) = location {
            self.shared.injector().redirected(who, conversation);
        }
        for name in [
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONNECTION,
        ] {
            headers.remove(name);
        }
        let text = answer.text().await?;
        let body = self.shared.injector().page(who, read, &text);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
