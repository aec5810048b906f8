//! Whether an apply would change an object. Pure.

use serde_json::{Map, Value};

use crate::quantity::amount;

/// Whether everything in `wanted` is in `live`. What `live` has beyond that (defaults, status, other managers' fields) does not
/// count.
pub(super) fn contains(live: &Value, wanted: &Value) -> bool {
    match (live, wanted) {
        (Value::Object(live), Value::Object(wanted)) => contains_fields(live, wanted),
        (Value::Array(live), Value::Array(wanted)) => contains_items(live, wanted),
        _ => live == wanted || same_amount(live, wanted),
    }
}

fn contains_fields(live: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(key, wanted)| match live.get(key) {
        Some(live) => contains(live, wanted),
        // The API server may omit an empty value.
        None => is_empty(wanted),
    })
}

/// Lists of named items are merged by name, and others may have added theirs. Other lists are replaced as a whole.
fn contains_items(live: &[Value], wanted: &[Value]) -> bool {
    if wanted.iter().all(|item| name(item).is_some()) && !wanted.is_empty() {
        return wanted.iter().all(|wanted| {
            // Two items may have one name, as two listeners of one Gateway.
            live.iter()
                .any(|live| name(live) == name(wanted) && contains(live, wanted))
        });
    }
    live.len() == wanted.len()
        && live
            .iter()
            .zip(wanted)
            .all(|(live, wanted)| contains(live, wanted))
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        _ => false,
    }
}

/// The API server writes amounts in its own form: `1000m` becomes `1`, `1024Mi` becomes `1Gi`.
fn same_amount(live: &Value, wanted: &Value) -> bool {
    let (Some(live), Some(wanted)) = (live.as_str(), wanted.as_str()) else {
        return false;
    };
    matches!((amount(live), amount(wanted)), (Some(live), Some(wanted)) if live == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_api_server_and_others_add_is_no_difference() {
        let wanted = json!({"spec": {"ports": [{"name": "http", "port": 80}], "empty": {}}});
        let live = json!({"spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}, "status": {}});
        assert!(contains(&live, &wanted));
    }

    #[test]
    fn a_value_changed_or_taken_away_by_hand_is_a_difference() {
        let wanted = json!({"spec": {"replicas": 2, "selector": {"a": "b"}}});
        assert!(!contains(
            &json!({"spec": {"replicas": 3, "selector": {"a": "b"}}}),
            &wanted
        ));
        assert!(!contains(&json!({"spec": {"replicas": 2}}), &wanted));
    }

    #[test]
    fn a_container_that_an_admission_webhook_added_is_no_difference() {
        let wanted = json!({"containers": [{"name": "chat-app", "image": "a"}]});
        assert!(contains(
            &json!({"containers": [{"name": "mesh", "image": "m"}, {"name": "chat-app", "image": "a"}]}),
            &wanted
        ));
        assert!(!contains(
            &json!({"containers": [{"name": "mesh", "image": "m"}]}),
            &wanted
        ));
    }

    #[test]
    fn a_list_without_names_is_compared_as_a_whole() {
        assert!(!contains(
            &json!({"args": ["serve", "--more"]}),
            &json!({"args": ["serve"]})
        ));
        assert!(!contains(
            &json!({"owners": [{"uid": "1"}, {"uid": "2"}]}),
            &json!({"owners": [{"uid": "1"}]})
        ));
    }

    #[test]
    fn an_amount_in_another_form_is_no_difference() {
        for (live, wanted) in [
            ("1", "1000m"),
            ("1Gi", "1024Mi"),
            ("1500m", "1.5"),
            ("1536Mi", "1.5Gi"),
            ("1k", "1000"),
        ] {
            assert!(contains(&json!(live), &json!(wanted)), "{live} {wanted}");
        }
        for (live, wanted) in [
            ("1", "1001m"),
            ("1Gi", "1G"),
            ("serve", "migrate"),
            ("1.2.3", "1.2.4"),
        ] {
            assert!(!contains(&json!(live), &json!(wanted)), "{live} {wanted}");
        }
    }
}
