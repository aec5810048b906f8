//! Requests about children of any kind. I/O: the API server.
//!
//! The same requests serve every row of the table: they work on text and JSON, and the row's kind parses what comes
//! back.

use kube::api::{DeleteParams, GetParams, Patch, PatchParams, Preconditions};
use kube::core::{DynamicObject, Request};
use kube::{Api, Client, Resource};
use serde_json::Value;

use crate::children::{Kind, Object};
use crate::names::MANAGED_BY;
use crate::refusal::Refusal;

/// The API server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{verb} {kind} {name}: {source}")]
pub(crate) struct Error {
    pub verb: &'static str,
    pub kind: Box<str>,
    /// `<namespace>/<name>`.
    pub name: Box<str>,
    pub source: kube::Error,
}

impl Error {
    /// None: the API server did not answer.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let (_, name) = self.name.rsplit_once('/').unwrap_or(("", &self.name));
        Refusal::of(format!("{} {} {name}", self.verb, self.kind), &self.source)
    }

    /// Whether this operator may not do it, as where the rights in a namespace went before what is deleted in it.
    pub(crate) fn forbidden(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 403)
    }

    /// Whether the cluster lacks the object, or its kind.
    pub(crate) fn not_found(&self) -> bool {
        matches!(&self.source, kube::Error::Api(status) if status.code == 404)
    }
}

/// Objects of one kind in one namespace.
pub(crate) struct ChildApi<'a> {
    pub client: &'a Client,
    pub namespace: &'a str,
    pub kind: &'a Kind,
}

impl ChildApi<'_> {
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Object>, Error> {
        let request = self.request().get(name, &GetParams::default());
        match self.send(request).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
            answer => answer
                .map(Some)
                .map_err(|source| self.error("reading", name, source)),
        }
    }

    /// Server-side apply, as the one field manager that the operator is.
    pub(crate) async fn apply(&self, name: &str, patch: &Value) -> Result<Object, Error> {
        let params = PatchParams::apply(MANAGED_BY).force();
        let request = self.request().patch(name, &params, &Patch::Apply(patch));
        let answer = self.send(request).await;
        answer.map_err(|source| self.error("applying", name, source))
    }

    /// A strategic merge patch.
    pub(crate) async fn patch(&self, name: &str, patch: &Value) -> Result<Object, Error> {
        let params = PatchParams {
            field_manager: Some(MANAGED_BY.to_owned()),
            ..PatchParams::default()
        };
        let request = self
            .request()
            .patch(name, &params, &Patch::Strategic(patch));
        let answer = self.send(request).await;
        answer.map_err(|source| self.error("patching", name, source))
    }

    /// Deletes this very object, not one that took its name since. Whether it still existed.
    pub(crate) async fn delete(&self, name: &str, uid: Option<String>) -> Result<bool, Error> {
        let this = Preconditions {
            uid,
            resource_version: None,
        };
        let params = DeleteParams::background().preconditions(this);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), self.namespace, &self.kind.resource);
        match api.delete(name, &params).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(source) => Err(self.error("deleting", name, source)),
            Ok(_) => Ok(true),
        }
    }

    fn request(&self) -> Request {
        Request::new(DynamicObject::url_path(
            &self.kind.resource,
            Some(self.namespace),
        ))
    }

    async fn send(
        &self,
        request: Result<axum::http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Object, kube::Error> {
        let request = request.map_err(kube::Error::BuildRequest)?;
        let text = self.client.request_text(request).await?;
        self.kind.parse(&text).map_err(kube::Error::SerdeError)
    }

    pub(crate) fn error(&self, verb: &'static str, name: &str, source: kube::Error) -> Error {
        Error {
            verb,
            kind: self.kind.name().into(),
            name: format!("{}/{name}", self.namespace).into(),
            source,
        }
    }
}
