//! The CustomResourceDefinition, as written to YAML. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::Value;

use super::ChatDeployment;

/// The CustomResourceDefinition of [`ChatDeployment`].
pub(crate) fn definition() -> CustomResourceDefinition {
    let mut crd = serde_json::to_value(ChatDeployment::crd()).expect("a CRD is JSON");
    forbid_null(&mut crd);
    leave_unions_to_rules(&mut crd);
    join_lines(&mut crd);
    serde_json::from_value(crd).expect("what is removed is optional in a CRD")
}

/// schemars marks optional fields as `nullable`. Without that, the API server drops a `null` and applies the
/// default, so that no rule has to handle null.
fn forbid_null(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.get("nullable").is_some_and(Value::is_boolean) {
                map.remove("nullable");
            }
            map.values_mut().for_each(forbid_null);
        }
        Value::Array(items) => items.iter_mut().for_each(forbid_null),
        _ => {}
    }
}

/// schemars writes `oneOf` for a union. The API server checks it before the rule of the union, and says about `kafka: {}` that
/// `kafka.external` is required.
fn leave_unions_to_rules(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("oneOf");
            map.values_mut().for_each(leave_unions_to_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_unions_to_rules),
        _ => {}
    }
}

/// A description keeps the line breaks of its doc comment. `kubectl explain` wraps lines itself, so that only the
/// breaks between paragraphs may stay.
fn join_lines(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "description" => *text = flowing(text),
                    value => join_lines(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(join_lines),
        _ => {}
    }
}

fn flowing(text: &str) -> String {
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checked_in_file_is_what_the_types_say() {
        let checked_in = std::fs::read_to_string("../crds/chatdeployments.yaml").unwrap();
        assert_eq!(
            checked_in,
            serde_yaml::to_string(&definition()).unwrap(),
            "run `operator crd >crds/chatdeployments.yaml`"
        );
    }

    #[test]
    fn a_paragraph_of_a_description_is_one_line() {
        assert_eq!(flowing("a\nb\n\nc\nd"), "a b\n\nc d");
        let text = serde_json::to_string(&definition()).unwrap();
        assert!(!text.replace(r"\n\n", "").contains(r"\n"));
    }

    #[test]
    fn no_field_accepts_null() {
        let text = serde_json::to_string(&definition()).unwrap();
        assert!(!text.contains("nullable"));
    }

    /// A union's only schema is its rule: without one, an object without any member would be stored.
    #[test]
    fn every_union_has_a_rule_that_says_to_set_exactly_one_member() {
        let mut crd = serde_json::to_value(ChatDeployment::crd()).unwrap();
        let unions = unions(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "");
        assert_eq!(unions.len(), 4, "{unions:?}");
        leave_unions_to_rules(&mut crd);
        assert!(!crd.to_string().contains("oneOf"));
    }

    /// The paths of all unions, which have such a rule.
    fn unions(schema: &Value, path: &str) -> Vec<String> {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let mut found: Vec<_> = fields
            .flat_map(|(name, field)| unions(field, &format!("{path}.{name}")))
            .collect();
        if schema["oneOf"].is_array() {
            let rules = schema["x-kubernetes-validations"].to_string();
            assert!(rules.contains("set exactly one of"), "{path}: {rules}");
            found.push(path.to_owned());
        }
        found
    }

    #[test]
    fn every_field_is_documented() {
        let crd = serde_json::to_value(definition()).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut missing = Vec::new();
        undocumented(schema, "", &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn undocumented(schema: &Value, path: &str, missing: &mut Vec<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if field["description"].as_str().is_none_or(str::is_empty) {
                missing.push(path.clone());
            }
            undocumented(field, &path, missing);
            undocumented(&field["items"], &path, missing);
        }
    }
}
