//! One message as HTML: the page and the live event hold the same bytes, so nothing here depends on the viewer.
//! Pure. Own messages are told apart by a style sheet of the viewer ([`super::assets::own_css`]).

use linkify::{LinkFinder, LinkKind};
use maud::{Markup, Render, html};

use super::{avatar, clock, instant};
use crate::domain::Message;

/// The message's list item.
pub fn item(message: &Message) -> Markup {
    html! {
        li.message data-testid="message" data-seq=(message.seq) data-rev=(message.rev)
            data-sender=(message.sender) data-client-id=(message.client_id) {
            (avatar(&message.sender_name))
            div.meta {
                span.sender { (message.sender_name) }
                " "
                time datetime=(instant(message.at)) { (clock(message.at)) }
            }
            div.body { (Linked(&message.body)) }
        }
    }
}

/// Text whose web addresses are links.
struct Linked<'a>(&'a str);

impl Render for Linked<'_> {
    fn render(&self) -> Markup {
        let mut finder = LinkFinder::new();
        // Only what is written with its scheme, and of those only the web: never `javascript:` or a mail address.
        finder.kinds(&[LinkKind::Url]).url_must_have_scheme(true);
        html! {
            @for span in finder.spans(self.0) {
                @if span.kind().is_some() && is_web(span.as_str()) {
                    a href=(span.as_str()) rel="noopener noreferrer nofollow" target="_blank" { (span.as_str()) }
                } @else {
                    (span.as_str())
                }
            }
        }
    }
}

fn is_web(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::{ConversationId, UserId};

    fn message(body: &str) -> Message {
        Message {
            conversation: ConversationId(1),
            seq: 7,
            rev: 9,
            sender: UserId(3),
            sender_name: "ada.l".into(),
            client_id: uuid::Uuid::from_u128(1),
            body: body.into(),
            at: datetime!(2026-03-04 05:06:07.123456 UTC),
        }
    }

    #[test]
    fn a_message_carries_what_the_client_goes_by() {
        insta::assert_snapshot!(item(&message("Hello there")).into_string(), @r#"<li class="message" data-testid="message" data-seq="7" data-rev="9" data-sender="3" data-client-id="00000000-0000-0000-0000-000000000001"><span class="avatar tone-1" aria-hidden="true">AL</span><div class="meta"><span class="sender">ada.l</span> <time datetime="2026-03-04T05:06:07Z">05:06</time></div><div class="body">Hello there</div></li>"#);
    }

    #[test]
    fn markup_in_a_body_is_text() {
        let html = item(&message("<script>alert(1)</script> & \"quotes\"")).into_string();
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"),
            "{html}"
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        let linked = |body: &str| Linked(body).render().into_string();
        assert_eq!(
            linked("see (https://example.com/a?b=1&c=2)."),
            "see (<a href=\"https://example.com/a?b=1&amp;c=2\" rel=\"noopener noreferrer nofollow\" \
             target=\"_blank\">https://example.com/a?b=1&amp;c=2</a>)."
        );
        for text in [
            "javascript:alert(1)",
            "javascript://x%0aalert(1)",
            "data:text/html,x",
            "ftp://a.example",
            "a@b.example",
        ] {
            assert!(!linked(text).contains("<a"), "{text}");
        }
        assert!(!linked("https://a.example/\"onmouseover=\"alert(1)").contains("\"onmouseover"));
    }
}
