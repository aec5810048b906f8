//! The reference of the ChatDeployment's fields as Markdown, from the schema that the API server has. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Map, Value};

const HEAD: &str = "\
# ChatDeployment

Group `confab.dev`, version `v1alpha1`, short name `chat`. `spec: {}` is a working chat.
Made by `operator reference` from the CustomResourceDefinition; `kubectl explain chat.spec --recursive` shows the same.
";

pub(crate) fn markdown(crd: &CustomResourceDefinition) -> String {
    let crd = serde_json::to_value(crd).expect("a CRD is JSON");
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    let mut page = HEAD.to_owned();
    for part in ["spec", "status"] {
        let text = text(&schema[part]);
        page.push_str(&format!(
            "\n## {part}\n\n{text}\n\n| Field | Type | Default | Meaning |\n|---|---|---|---|\n"
        ));
        rows(&schema[part], part, &mut page);
    }
    page
}

fn rows(schema: &Value, path: &str, page: &mut String) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    for (name, field) in properties {
        let path = format!("{path}.{name}");
        let required = schema["required"]
            .as_array()
            .is_some_and(|names| names.iter().any(|required| required == name));
        let default = match &field["default"] {
            Value::Null if required => "*required*".to_owned(),
            Value::Null => String::new(),
            default => format!("`{}`", default.to_string().trim_matches('"')),
        };
        page.push_str(&format!(
            "| `{path}` | {} | {default} | {} |\n",
            kind(field),
            meaning(field)
        ));
        // Conditions are Kubernetes' own.
        if name != "conditions" {
            rows(
                if field["type"] == "array" {
                    &field["items"]
                } else {
                    field
                },
                &path,
                page,
            );
        }
    }
}

fn kind(field: &Value) -> String {
    if let Some(values) = field["enum"].as_array() {
        return values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| format!("`{value}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if field["x-kubernetes-int-or-string"] == true {
        return "amount".to_owned();
    }
    match field["type"].as_str().unwrap_or("object") {
        "array" => format!("list of {}", kind(&field["items"])),
        "object" if field["additionalProperties"].is_object() => "map of string".to_owned(),
        "integer" => format!("integer{}", range(field)),
        other => other.to_owned(),
    }
}

fn range(field: &Value) -> String {
    match (field["minimum"].as_f64(), field["maximum"].as_f64()) {
        (Some(min), Some(max)) => format!(", {min} to {max}"),
        _ => String::new(),
    }
}

/// The description, and what the rules say.
fn meaning(field: &Value) -> String {
    let rules = field["x-kubernetes-validations"].as_array();
    let messages = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule["message"].as_str());
    let all: Vec<String> = std::iter::once(text(field))
        .chain(messages.map(|message| format!("Rule: {message}.")))
        .collect();
    all.join(" ").replace('|', "\\|").trim().to_owned()
}

fn text(field: &Value) -> String {
    field["description"]
        .as_str()
        .unwrap_or_default()
        .replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crd::definition;

    #[test]
    fn the_checked_in_page_is_what_the_types_say() {
        let checked_in = std::fs::read_to_string("../docs/reference/chatdeployment.md").unwrap();
        assert_eq!(
            checked_in,
            markdown(&definition()),
            "run `operator reference >docs/reference/chatdeployment.md`"
        );
    }

    #[test]
    fn every_field_of_the_spec_is_documented() {
        let undocumented: Vec<String> = markdown(&definition())
            .lines()
            .filter(|line| line.ends_with("|  |"))
            .map(str::to_owned)
            .collect();
        assert!(undocumented.is_empty(), "{undocumented:?}");
    }
}
