//! What others added to a workload beside the fields that the operator applies, such as a container or a variable. Pure.
//!
//! Server-side apply leaves alone what another field manager added. The API server records who set which field
//! (`managedFields`). Defaults, and what admission adds to the operator's own writes, belong to nobody else and stay.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value, json};

use crate::names::MANAGED_BY;

/// The strategic merge patch that removes what others added to the spec, and their claim on it. None: nobody did. Labels and
/// annotations of pods stay: `kubectl rollout restart` writes one.
pub(super) fn removal(meta: &ObjectMeta) -> Option<Value> {
    let entries = meta.managed_fields.as_deref().unwrap_or_default();
    let (mut ours, mut theirs) = (json!({}), json!({}));
    for entry in entries {
        let spec = spec(entry).cloned().unwrap_or_default();
        union(
            if is_ours(entry) {
                &mut ours
            } else {
                &mut theirs
            },
            spec,
        );
    }
    if let Some(Value::Object(template)) = theirs.get_mut("f:template") {
        template.remove("f:metadata");
    }
    let spec = additions(&theirs, &ours)?;
    let kept: Vec<ManagedFieldsEntry> = entries.iter().filter_map(without_spec).collect();
    let metadata = json!({
        "uid": meta.uid,
        // Of what was read: what another adds meanwhile is found in the next reconcile.
        "resourceVersion": meta.resource_version,
        "managedFields": kept,
    });
    Some(json!({"metadata": metadata, "spec": spec}))
}

fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGED_BY)
}

/// The fields of the spec that the entry owns. The status and the scale of an object have entries of their own.
fn spec(entry: &ManagedFieldsEntry) -> Option<&Value> {
    let of_object = entry.subresource.as_deref().is_none_or(str::is_empty);
    let fields = entry.fields_v1.as_ref().filter(|_| of_object)?;
    fields.0.get("f:spec")
}

/// The entry without another's claim on the spec. None: nothing is left of it.
fn without_spec(entry: &ManagedFieldsEntry) -> Option<ManagedFieldsEntry> {
    let mut entry = entry.clone();
    if is_ours(&entry) || spec(&entry).is_none() {
        return Some(entry);
    }
    let FieldsV1(Value::Object(fields)) = entry.fields_v1.as_mut()? else {
        return None;
    };
    fields.remove("f:spec");
    (!fields.is_empty()).then_some(entry)
}

fn union(into: &mut Value, from: Value) {
    let Value::Object(from) = from else { return };
    for (key, value) in from {
        union(&mut into[key], value);
    }
}

/// The patch that removes those of `theirs` that are not `ours` too, both in the form of FieldsV1: `f:` before a field's name,
/// `k:` before the keys of an item of a list, `.` for the item itself.
fn additions(theirs: &Value, ours: &Value) -> Option<Value> {
    let (mut fields, mut items) = (Map::new(), Vec::new());
    for (key, theirs) in theirs.as_object()? {
        let ours = ours.get(key);
        if let Some(name) = key.strip_prefix("f:") {
            let removed = ours.map_or(Some(Value::Null), |ours| additions(theirs, ours));
            fields.extend(removed.map(|removed| (name.to_owned(), removed)));
        } else if let Some(keys) = key.strip_prefix("k:") {
            let mut item: Map<String, Value> = serde_json::from_str(keys).ok()?;
            match ours.map(|ours| additions(theirs, ours)) {
                None => item.extend([("$patch".to_owned(), json!("delete"))]),
                Some(Some(Value::Object(removed))) => item.extend(removed),
                Some(_) => continue,
            }
            items.push(Value::Object(item));
        }
    }
    match (items.is_empty(), fields.is_empty()) {
        (false, _) => Some(items.into()),
        (true, false) => Some(fields.into()),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn of(entries: Value) -> Option<Value> {
        let meta = json!({"uid": "u", "resourceVersion": "7", "managedFields": entries});
        removal(&serde_json::from_value(meta).unwrap())
    }

    fn pods(spec: Value) -> Value {
        json!({"f:spec": {"f:template": {"f:spec": spec}}})
    }

    fn ours() -> Value {
        let container = json!({".": {}, "f:image": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:value": {}}}});
        entry(
            "confab-operator",
            pods(json!({"f:containers": {"k:{\"name\":\"chat-app\"}": container}})),
        )
    }

    #[test]
    fn an_object_that_only_the_operator_wrote_stays() {
        let mut status = entry("kube-controller-manager", json!({"f:status": {}}));
        status["subresource"] = json!("status");
        let mut scale = entry("autoscaler", json!({"f:spec": {"f:replicas": {}}}));
        scale["subresource"] = json!("scale");
        assert_eq!(of(json!([ours(), status, scale])), None);
    }

    #[test]
    fn a_container_a_variable_and_a_field_that_others_added_are_removed() {
        let containers = json!({
            "k:{\"name\":\"extra\"}": {".": {}, "f:image": {}},
            "k:{\"name\":\"chat-app\"}": {"f:envFrom": {}, "f:env": {"k:{\"name\":\"B\"}": {".": {}, "f:value": {}}}},
        });
        let theirs = entry(
            "person",
            pods(json!({"f:containers": containers, "f:hostPID": {}})),
        );
        let removed = of(json!([ours(), theirs])).unwrap();
        assert_eq!(
            removed["spec"]["template"]["spec"],
            json!({"hostPID": null, "containers": [
                {"name": "chat-app", "env": [{"name": "B", "$patch": "delete"}], "envFrom": null},
                {"name": "extra", "$patch": "delete"},
            ]})
        );
        assert_eq!(removed["metadata"]["managedFields"], json!([ours()]));
        assert_eq!(removed["metadata"]["resourceVersion"], "7");
    }

    #[test]
    fn what_the_operator_applies_too_and_annotations_of_pods_stay() {
        let same = json!({"f:containers": {"k:{\"name\":\"chat-app\"}": {".": {}, "f:image": {}}}});
        assert_eq!(of(json!([ours(), entry("person", pods(same))])), None);
        let restart = json!({"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}});
        let restart = entry("kubectl-rollout", json!({"f:spec": restart}));
        assert_eq!(of(json!([ours(), restart])), None);
    }
}
