//! Whom a message calls. Pure.

use crate::domain::{Mention, UserId};
use crate::markdown::{html, mentioned_names};

#[test]
fn only_known_names_are_mentions() {
    let mentions = [Mention {
        user: UserId(7),
        name: "ada.l".into(),
    }];
    assert_eq!(
        html("@Ada.L, @bob and `@ada.l` but x@ada.l. @ada.l.", &mentions).trim_end(),
        "<p><span class=\"mention\" data-user=\"7\">@ada.l</span>, @bob and <code>@ada.l</code> but x@ada.l. \
         <span class=\"mention\" data-user=\"7\">@ada.l</span>.</p>"
    );
}

#[test]
fn mentions_are_found_outside_of_code() {
    assert_eq!(
        mentioned_names("@ada and (@bob-b), @Ada `@eve`\n\n```\n@mallory\n```\na@mail.example"),
        ["ada", "bob-b"]
    );
}

#[test]
fn whom_a_message_calls_is_what_is_marked_in_it() {
    let ada = Mention {
        user: UserId(7),
        name: "ada".into(),
    };
    for (body, calls) in [
        ("@ada", true),
        ("(@Ada), hi", true),
        ("**@ada**", true),
        ("| @ada |\n|---|", true),
        ("- @ada", true),
        ("[x @ada](/nowhere)", true),
        ("https://mastodon.example/@ada/1", false),
        ("[ask @ada](https://a.example)", false),
        ("![@ada](https://a.example/i.png)", false),
        ("`@ada`", false),
        ("```\n@ada\n```", false),
        ("x@ada.example", false),
        ("\\@ada", false),
    ] {
        let marked = html(body, std::slice::from_ref(&ada)).contains("data-user=\"7\"");
        let called = mentioned_names(body).contains(&"ada".to_owned());
        assert_eq!((marked, called), (calls, calls), "{body}");
    }
}

#[test]
fn a_name_that_ends_with_a_mark_can_be_called() {
    assert_eq!(mentioned_names("hi @bob., @x_!"), ["bob", "bob.", "x_"]);
    let mention = |user, name: &str| Mention {
        user: UserId(user),
        name: name.into(),
    };
    let old = [mention(1, "bob.")];
    assert!(html("hi @bob. yes", &old).contains("data-user=\"1\">@bob.</span> yes"));
    let both = [mention(1, "bob."), mention(2, "bob")];
    assert!(html("hi @bob. yes", &both).contains("data-user=\"2\">@bob</span>. yes"));
}
