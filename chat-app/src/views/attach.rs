//! The page that sends one file, for browsers without JavaScript. Pure.

use maud::{Markup, html};
use uuid::Uuid;

use super::attachment::limit;
use super::shell::{Pane, Shell};
use super::widgets::{back_link, field_error};
use crate::domain::ConversationSummary;
use crate::input_error::InputError;
use crate::t;

pub(crate) fn page(
    shell: &Shell,
    conversation: &ConversationSummary,
    error: Option<&InputError>,
) -> Markup {
    let (text, settings) = (shell.text, &shell.config.files);
    let types: Vec<String> = settings.types.iter().map(ToString::to_string).collect();
    let hint = match types.join(", ") {
        types if types == "*" => t!(text, "attach-hint", limit = limit(settings)),
        types => t!(
            text,
            "attach-hint-types",
            limit = limit(settings),
            types = types
        ),
    };
    let action = format!("/c/{}/attach", conversation.id);
    shell.page(&Pane {
        title: &t!(text, "attach-title"),
        layout: "at-page",
        live: None,
        current: Some(conversation.id),
        content: html! {
            header.bar { (back_link(text)) h1 { (t!(text, "attach-title")) } }
            div.scroller.top tabindex="-1" {
                div.track.settings {
                    form method="post" action=(action) enctype="multipart/form-data" data-testid="attach-form" {
                        input type="hidden" name="client_id" value=(Uuid::new_v4());
                        div.field {
                            label for="file" { (t!(text, "attach-field")) }
                            input #file type="file" name="file" required aria-describedby="file-hint file-reason"
                                aria-invalid=[error.map(|_| "true")];
                            p.hint #file-hint { (hint) }
                            (field_error(text, "file-reason", error))
                        }
                        button.primary type="submit" { (t!(text, "attach-send")) }
                    }
                    p { a href={ "/c/" (conversation.id) } { (t!(text, "attach-back")) } }
                }
            }
        },
    })
}
