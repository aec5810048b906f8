//! The ChatDeployments the tests apply. No I/O.

use serde_json::{Value, json};

/// A ChatDeployment with this spec.
pub fn chat(namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "confab.dev/v1alpha1",
        "kind": "ChatDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

/// A namespace under the restricted pod security standard, so that whatever the operator makes must keep to it.
pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    })
}
