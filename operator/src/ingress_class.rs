//! Whether a controller serves the chat's Ingress: it reported an address, or the Ingress is of a class that exists. I/O: reads
//! the IngressClass of an Ingress without an address.

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::{Api, Client, ResourceExt};

use crate::child_api::Error;
use crate::children::Children;
use crate::names::Role;

/// The class in the words of its controller, which may be known by no IngressClass.
const ANNOTATION_CLASS: &str = "kubernetes.io/ingress.class";

/// Who serves the Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum IngressController {
    /// A controller that reported an address, or that of a class that exists. Also where there is no Ingress.
    #[default]
    Known,
    /// There is no IngressClass of this name.
    ClassNotFound(String),
    /// The Ingress has no class, and no controller took it.
    NoClass,
    /// Its annotation names a class, and no controller took it yet.
    NotYet(String),
}

/// Of the Ingress as it is now.
pub(crate) async fn ingress_controller(
    client: &Client,
    children: &Children,
) -> Result<IngressController, Error> {
    let Some(ingress) = children.get::<Ingress>(Role::App) else {
        return Ok(IngressController::Known);
    };
    if address(ingress).is_some() {
        return Ok(IngressController::Known);
    }
    let spec = ingress.spec.as_ref();
    let Some(class) = spec.and_then(|spec| spec.ingress_class_name.clone()) else {
        let annotated = ingress.annotations().get(ANNOTATION_CLASS).cloned();
        return Ok(annotated.map_or(IngressController::NoClass, IngressController::NotYet));
    };
    let api: Api<IngressClass> = Api::all(client.clone());
    let found = api.get_opt(&class).await.map_err(|source| Error {
        verb: "reading",
        kind: "IngressClass".into(),
        name: class.as_str().into(),
        source,
    })?;
    Ok(match found {
        Some(_) => IngressController::Known,
        None => IngressController::ClassNotFound(class),
    })
}

/// Where a controller says that the Ingress is reached.
pub(crate) fn address(ingress: &Ingress) -> Option<&str> {
    let balancer = ingress.status.as_ref()?.load_balancer.as_ref()?;
    let first = balancer.ingress.as_ref()?.first()?;
    first.ip.as_deref().or(first.hostname.as_deref())
}
