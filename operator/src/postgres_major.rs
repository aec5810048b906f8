//! Step major: embedded PostgreSQL keeps its image while another one could not read its data. Pure.

use k8s_openapi::api::apps::v1::StatefulSet;

use crate::children::Children;
use crate::crd::{ChatDeploymentStatus, Postgres};
use crate::names::Role;
use crate::validate::Chat;

/// An image that has another major version of PostgreSQL than the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefusedImage {
    pub image: String,
    pub major: u32,
    /// The major version of the data.
    pub data: u32,
}

/// Puts the image that runs in place of one that could not read the data. The major version of an image is known by its tag, as
/// in `postgres:18.0`; of one that has no such tag, PostgreSQL itself refuses the data.
pub(crate) fn keep_image(
    chat: &mut Chat,
    status: Option<&ChatDeploymentStatus>,
    children: &Children,
) -> Option<RefusedImage> {
    let Postgres::Embedded(_) = &chat.postgres else {
        return None;
    };
    let data = status?.postgres.as_ref()?.major_version?;
    let running = image(children.get(Role::Postgres)?)?;
    let major = tagged(&chat.images.postgres)?;
    (major != data).then(|| RefusedImage {
        image: std::mem::replace(&mut chat.images.postgres, running),
        major,
        data,
    })
}

fn image(service: &StatefulSet) -> Option<String> {
    let pod = service.spec.as_ref()?.template.spec.as_ref()?;
    pod.containers.first()?.image.clone()
}

/// `registry:5000/postgres:18.0-bookworm@sha256:…` has 18.
fn tagged(image: &str) -> Option<u32> {
    let (image, _) = image.split_once('@').unwrap_or((image, ""));
    let (_, name) = image.rsplit_once('/').unwrap_or(("", image));
    let (_, tag) = name.split_once(':')?;
    let digits = tag.find(|c: char| !c.is_ascii_digit());
    tag[..digits.unwrap_or(tag.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::fixtures::chat_of;
    use serde_json::json;

    #[test]
    fn the_major_version_of_an_image_is_in_its_tag() {
        for (image, major) in [
            ("postgres:18", Some(18)),
            ("docker.io/library/postgres:17.2-bookworm", Some(17)),
            ("registry:5000/team/postgres:16@sha256:0123", Some(16)),
            ("registry:5000/postgres", None),
            ("postgres:latest", None),
            ("postgres@sha256:18", None),
        ] {
            assert_eq!(tagged(image), major, "{image}");
        }
    }

    #[test]
    fn an_image_of_another_major_version_than_the_data_does_not_replace_the_one_that_runs() {
        let status = |major: Option<u32>| -> ChatDeploymentStatus {
            let postgres =
                json!({"systemIdentifier": "7", "database": "confab", "majorVersion": major});
            serde_json::from_value(json!({"postgres": postgres})).unwrap()
        };
        let running: StatefulSet = serde_json::from_value(json!({"spec": {
            "serviceName": "", "selector": {}, "template": {"spec": {"containers": [{"name": "postgres", "image": "postgres:17.1"}]}}}}))
        .unwrap();
        let children = Children::default().with(Role::Postgres, running);
        let kept = |image: &str, major, children: &Children| {
            let mut chat = chat_of(json!({"postgres": {"embedded": {"image": image}}}));
            let refused = keep_image(&mut chat, Some(&status(major)), children);
            (refused.map(|it| (it.major, it.data)), chat.images.postgres)
        };
        let same = |image: &str| (None, image.to_owned());
        assert_eq!(
            kept("postgres:17.2", Some(17), &children),
            same("postgres:17.2")
        );
        assert_eq!(
            kept("postgres:18.0", Some(17), &children),
            (Some((18, 17)), "postgres:17.1".to_owned())
        );
        // Before the first migration there is nothing to lose.
        assert_eq!(
            kept("postgres:18.0", None, &children),
            same("postgres:18.0")
        );
        // Nothing runs that could be kept: PostgreSQL itself refuses the data.
        let none = Children::default();
        assert_eq!(
            kept("postgres:18.0", Some(17), &none),
            same("postgres:18.0")
        );
    }
}
