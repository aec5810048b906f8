//! The finding about an image of embedded PostgreSQL that could not read the data. Pure.

use crate::names::Role;
use crate::reason::Reason;
use crate::status::{ChatState, Finding, Severity};

/// Ready, while embedded PostgreSQL keeps its image for the sake of its data.
pub(in crate::status) fn major_differs(state: &ChatState) -> Option<Finding> {
    let refused = state.refused_image.as_ref()?;
    let message = format!(
        "The data of embedded PostgreSQL is of major version {data}, and image {image} has {major}, which cannot read it: StatefulSet {service} keeps image {kept} and serves. To stay on {data}, set spec.postgres.embedded.image to an image of it. To move to {major}, back up and restore in a new ChatDeployment",
        data = refused.data,
        image = refused.image,
        major = refused.major,
        service = state.chat.child(Role::Postgres),
        kept = state.chat.images.postgres,
    );
    Some(Finding::no(
        "Ready",
        Severity::ActionNeeded,
        Reason::PostgresMajorDiffers,
        message,
    ))
}
