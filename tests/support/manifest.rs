//! The objects that tests apply. No I/O.

use serde_json::{Value, json};

/// A ChatDeployment with this spec.
pub fn chat(namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "confab.dev/v1beta1",
        "kind": "ChatDeployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    })
}

/// A namespace with the restricted pod security standard, which all pods of the operator must meet.
pub fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    })
}

/// Removes the validation rules from the schema of a CRD, as in an older release.
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
