//! The route from outside through Gateway API. Pure.
//!
//! It has no timeout: a WebSocket lives for hours, and not every controller knows Gateway API's own "0s".

use super::meta;
use crate::crd::Exposure;
use crate::kinds::{
    BackendRef, HTTPRoute, HttpPathMatch, HttpRouteMatch, HttpRouteRule, HttpRouteSpec, ParentRef,
};
use crate::names::Role;
use crate::validate::Chat;

/// The HTTPRoute for the host of the chat's URL, if one is asked for.
pub(super) fn route(chat: &Chat) -> Option<HTTPRoute> {
    let Some(Exposure::Gateway(gateway)) = &chat.exposure else {
        return None;
    };
    let url = chat
        .url
        .as_ref()
        .expect("validate() rejects an exposure without a url");
    let parents = gateway.parent_refs.iter().map(|parent| ParentRef {
        name: parent.name.clone(),
        namespace: parent.namespace.clone(),
        section_name: parent.section_name.clone(),
        port: parent.port,
    });
    let path = HttpPathMatch {
        type_: "PathPrefix".to_owned(),
        value: "/".to_owned(),
    };
    let rule = HttpRouteRule {
        matches: vec![HttpRouteMatch { path: Some(path) }],
        backend_refs: vec![BackendRef {
            name: chat.child(Role::App),
            port: 80,
        }],
    };
    Some(HTTPRoute {
        metadata: meta::child(chat, Role::App),
        spec: HttpRouteSpec {
            parent_refs: parents.collect(),
            hostnames: vec![url.host().to_owned()],
            rules: vec![rule],
        },
        status: None,
    })
}
