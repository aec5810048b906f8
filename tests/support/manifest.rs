//! The ChatDeployments the tests apply, and their definition. No I/O.

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

/// Makes the schema of a definition as it would be that has no rules yet.
pub fn without_rules(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            for rule in ["x-kubernetes-validations", "oneOf"] {
                fields.remove(rule);
            }
            fields.values_mut().for_each(without_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        _ => {}
    }
}
