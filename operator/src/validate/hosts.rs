//! Whether another chat has the same host. Pure.

use kube::ResourceExt;

use super::{Rejection, SiteUrl, creation_time};
use crate::crd::ChatDeployment;

/// Rejects a chat if another one has a route for its host: requests would reach either, and browsers keep one session cookie
/// for both. The chat whose route was configured first keeps it, else the elder.
pub(crate) fn check_host_is_free<'a>(
    object: &ChatDeployment,
    known: impl Iterator<Item = &'a ChatDeployment>,
) -> Result<(), Rejection> {
    let Some(host) = exposed_host(object) else {
        return Ok(());
    };
    let order = order(object, &host);
    let mut rivals = known
        .filter(|other| other.uid() != object.uid())
        .filter(|other| exposed_host(other).as_ref() == Some(&host));
    match rivals.find(|other| self::order(other, &host) < order) {
        None => Ok(()),
        Some(rival) => Err(Rejection::HostInUse(format!(
            "ChatDeployment {}/{} already has the host {host}: give this one another host in spec.url, or remove spec.exposure from one of them",
            rival.namespace().unwrap_or_default(),
            rival.name_any(),
        ))),
    }
}

/// The host for which the chat wants a route. A port makes no difference to a route, nor to a cookie.
fn exposed_host(object: &ChatDeployment) -> Option<String> {
    object.spec.exposure.as_ref()?;
    host(object.spec.url.as_deref()?)
}

fn host(url: &str) -> Option<String> {
    Some(SiteUrl::parse(url).ok()?.host().to_owned())
}

/// Whose sorts first has the host.
fn order(object: &ChatDeployment, wanted: &str) -> (bool, Option<String>, Option<String>) {
    let url = object
        .status
        .as_ref()
        .and_then(|status| status.url.as_deref());
    let has_it = url.and_then(host).is_some_and(|host| host == wanted);
    (!has_it, creation_time(object), object.uid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures;
    use serde_json::{Value, json};

    const OLD: &str = "2026-01-01T00:00:00Z";
    const YOUNG: &str = "2026-02-02T00:00:00Z";

    fn chat(name: &str, created: &str, spec: Value, served: Option<&str>) -> ChatDeployment {
        let mut chat = fixtures::object(spec);
        chat.metadata.uid = Some(name.to_owned());
        chat.metadata.name = Some(name.to_owned());
        chat.metadata.creation_timestamp = serde_json::from_value(json!(created)).unwrap();
        chat.status = served.map(|url| serde_json::from_value(json!({"url": url})).unwrap());
        chat
    }

    fn at(url: &str) -> Value {
        json!({"url": url, "exposure": {"ingress": {}}})
    }

    fn checked(own: &ChatDeployment, other: &ChatDeployment) -> bool {
        check_host_is_free(own, [own, other].into_iter()).is_ok()
    }

    #[test]
    fn the_younger_of_two_chats_with_one_host_is_rejected_whatever_its_port() {
        let elder = chat("elder", OLD, at("https://chat.example.com"), None);
        let young = chat("young", YOUNG, at("http://chat.example.com:8080"), None);
        assert!(checked(&elder, &young));
        let Err(Rejection::HostInUse(message)) = check_host_is_free(&young, [&elder].into_iter())
        else {
            panic!("not refused")
        };
        assert!(
            message.starts_with("ChatDeployment chat/elder already has the host chat.example.com")
        );
    }

    #[test]
    fn a_host_stays_with_the_chat_that_has_it_when_an_elder_one_wants_it() {
        let elder = chat(
            "elder",
            OLD,
            at("https://b.example"),
            Some("https://a.example"),
        );
        let young = chat(
            "young",
            YOUNG,
            at("https://b.example"),
            Some("https://b.example"),
        );
        assert!(checked(&young, &elder) && !checked(&elder, &young));
    }

    #[test]
    fn other_hosts_and_chats_without_a_route_do_not_matter() {
        let young = chat("young", YOUNG, at("https://b.example"), None);
        assert!(checked(
            &young,
            &chat("elder", OLD, at("https://a.example"), None)
        ));
        let routeless = json!({"url": "https://b.example"});
        assert!(checked(&young, &chat("elder", OLD, routeless, None)));
    }
}
