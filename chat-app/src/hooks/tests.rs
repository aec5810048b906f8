//! What programs send, as recorded in `tests/hooks`, and how it is shown.

use super::*;
use crate::markdown::html;

const LIMIT: usize = 16 * 1024;

fn body(kind: HookKind, payload: &str) -> String {
    match read(kind, payload.as_bytes(), LIMIT).unwrap() {
        Posted::Message(hooked) => hooked.body,
        Posted::Alerts(group) => group.body,
    }
}

/// The Markdown and the HTML of a recorded payload.
macro_rules! shown {
    ($kind:ident: $($name:literal)+) => {
        $({
            let body = body(HookKind::$kind, include_str!(concat!("../../tests/hooks/", $name, ".json")));
            let html = html(&body, &[]).replace(" target=\"_blank\" rel=\"noopener noreferrer nofollow\"", "");
            insta::assert_snapshot!($name, format!("{body}\n\n{}\n\n{html}", "-".repeat(20)));
        })+
    };
}

#[test]
fn recorded_payloads_are_shown_whole() {
    shown!(Slack: "alertmanager_slack" "grafana" "argocd_synced" "argocd_degraded" "github_push" "gitlab_pipeline" "sentry"
        "uptime_kuma" "azure_devops" "checkmk" "fields_of_blocks" "rich_text" "unknown");
}

#[test]
fn recorded_notifications_are_shown_whole() {
    shown!(Alertmanager: "alertmanager_firing" "alertmanager_grouped" "alertmanager_resolved");
}

fn posted(payload: &str) -> Result<Hooked, PayloadError> {
    match read(HookKind::Slack, payload.as_bytes(), LIMIT)? {
        Posted::Message(hooked) => Ok(hooked),
        Posted::Alerts(_) => unreachable!("a hook for messages"),
    }
}

#[test]
fn json_and_forms_are_read_whatever_their_content_type() {
    assert_eq!(posted(r#" {"text": "a & b"}"#).unwrap().body, "a & b");
    let form = "payload=%7B%22text%22%3A%22a+b%22%7D&x=y";
    assert_eq!(posted(form).unwrap().body, "a b");
    for payload in ["", "[]", "{", "text", "payload=x", "{\"text\": \"a\"} b"] {
        assert_eq!(posted(payload), Err(PayloadError::Invalid), "{payload}");
    }
    for payload in [
        "{}",
        r#"{"text": " "}"#,
        r#"{"text": 1, "attachments": [{}]}"#,
    ] {
        assert_eq!(posted(payload), Err(PayloadError::NoText), "{payload}");
    }
}

#[test]
fn a_message_may_have_a_name_an_emoji_and_a_room_of_its_own() {
    let of = |username: &str, icon: &str| {
        let payload = serde_json::json!({"text": "x", "username": username, "icon_emoji": icon, "channel": "#ops"});
        posted(&payload.to_string()).unwrap()
    };
    let hooked = of("Build bot", ":rocket:");
    assert_eq!(hooked.alias.name.as_deref(), Some("Build bot"));
    assert_eq!(hooked.alias.icon.as_deref(), Some("🚀"));
    assert_eq!(hooked.room.as_deref(), Some("#ops"));
    assert_eq!(of("x", "🧸").alias.icon.as_deref(), Some("🧸"));
    for (name, icon) in [
        ("former-12", ":nothing:"),
        ("a\u{202e}b", "<img>"),
        (" ", ""),
    ] {
        assert_eq!(
            of(name, icon).alias,
            MessageAlias::default(),
            "{name} {icon}"
        );
    }
    assert_eq!(
        of(&"x".repeat(200), "").alias.name.unwrap().chars().count(),
        64
    );
}

#[test]
fn a_text_that_says_what_the_blocks_say_is_shown_once() {
    let of = |text: &str| {
        let block = serde_json::json!({"type": "section", "text": {"type": "mrkdwn", "text": "*Deploy* of upload done"}});
        posted(&serde_json::json!({"text": text, "blocks": [block]}).to_string())
            .unwrap()
            .body
    };
    assert_eq!(of("Deploy of upload"), "**Deploy** of upload done");
    assert_eq!(of("up"), "up\n\n**Deploy** of upload done");
}

#[test]
fn a_long_message_is_cut_and_has_no_control_characters() {
    let payload = serde_json::json!({"text": "\u{1b}[31mä".repeat(20_000)}).to_string();
    let body = posted(&payload).unwrap().body;
    assert!(body.len() <= LIMIT && body.ends_with('…'));
    assert!(!body.contains('\u{1b}'));
}

#[test]
fn alerts_that_do_not_fit_are_counted() {
    let alerts: Vec<Value> = (0..400)
        .map(|n| serde_json::json!({"status": "firing", "labels": {"alertname": "Down", "instance": format!("host-{n}")},
                                    "startsAt": "2026-03-04T05:06:07Z"}))
        .collect();
    let payload = serde_json::json!({"groupKey": "k", "status": "firing", "alerts": alerts, "truncatedAlerts": 7,
                                     "commonLabels": {"alertname": "Down"}});
    let of = |limit| match read(
        HookKind::Alertmanager,
        payload.to_string().as_bytes(),
        limit,
    ) {
        Ok(Posted::Alerts(group)) => group.body,
        other => panic!("{other:?}"),
    };
    for limit in [300, 4000, 64 * 1024] {
        let body = of(limit);
        let shown = body.matches("instance: host-").count();
        assert!(body.len() <= limit, "{limit}: {}", body.len());
        assert!(
            body.starts_with("🔴 **[FIRING:400] Down**")
                || body.starts_with("🔴 **\\[FIRING:400\\] Down**"),
            "{body}"
        );
        assert!(body.ends_with(&format!("… +{}", 400 - shown + 7)), "{body}");
    }
}
