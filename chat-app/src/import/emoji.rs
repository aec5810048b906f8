//! Slack's names of emoji as emoji. Pure.

use std::collections::HashMap;
use std::sync::LazyLock;

use emojis::{Emoji, SkinTone};

/// Names that are neither GitHub's, which the chat knows, nor made from Unicode's.
const OTHERS: [(&str, &str); 8] = [
    ("simple_smile", "🙂"),
    ("face_palm", "🤦"),
    ("hugging_face", "🤗"),
    ("white_frowning_face", "☹️"),
    ("knife_fork_plate", "🍽️"),
    ("the_horns", "🤘"),
    ("crossed_fingers", "🤞"),
    ("table_tennis_paddle_and_ball", "🏓"),
];

/// `+1` or `wave::skin-tone-3`. `None` for an emoji of the workspace's own.
pub(super) fn emoji(name: &str) -> Option<&'static str> {
    let (name, tone) = match name.split_once("::") {
        Some((name, tone)) => (name, tone.strip_prefix("skin-tone-")),
        None => (name, None),
    };
    let emoji = named(name)?;
    let tone = tone.and_then(skin_tone);
    let emoji = tone
        .and_then(|tone| emoji.with_skin_tone(tone))
        .unwrap_or(emoji);
    Some(emoji.as_str())
}

fn named(name: &str) -> Option<&'static Emoji> {
    let other = || {
        let (_, emoji) = OTHERS.iter().find(|(other, _)| *other == name)?;
        emojis::get(emoji)
    };
    let flag = || emojis::get_by_shortcode(name.strip_prefix("flag-")?);
    emojis::get_by_shortcode(name)
        .or_else(|| {
            BY_UNICODE_NAME
                .get(name.replace('-', "_").as_str())
                .copied()
        })
        .or_else(flag)
        .or_else(other)
}

fn skin_tone(number: &str) -> Option<SkinTone> {
    Some(match number {
        "2" => SkinTone::Light,
        "3" => SkinTone::MediumLight,
        "4" => SkinTone::Medium,
        "5" => SkinTone::MediumDark,
        "6" => SkinTone::Dark,
        _ => return None,
    })
}

/// `thinking_face`, from "thinking face".
static BY_UNICODE_NAME: LazyLock<HashMap<String, &'static Emoji>> = LazyLock::new(|| {
    let underscored = |emoji: &'static Emoji| {
        let words = emoji.name().split(|c: char| !c.is_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
        (words.join("_"), emoji)
    };
    emojis::iter().map(underscored).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_slack_are_emoji_that_the_chat_accepts() {
        for (name, expected) in [
            ("+1", "👍"),
            ("+1::skin-tone-2", "👍🏻"),
            ("wave::skin-tone-6", "👋🏿"),
            ("tada::skin-tone-6", "🎉"),
            ("slightly_smiling_face", "🙂"),
            ("simple_smile", "🙂"),
            ("thinking_face", "🤔"),
            ("face_with_rolling_eyes", "🙄"),
            ("rolling_on_the_floor_laughing", "🤣"),
            ("star-struck", "🤩"),
            ("man-shrugging", "🤷‍♂️"),
            ("flag-de", "🇩🇪"),
            ("white_check_mark", "✅"),
        ] {
            let found = emoji(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(found, expected, "{name}");
            assert!(emojis::get(found).is_some());
        }
        assert!(OTHERS.iter().all(|(name, _)| emoji(name).is_some()));
        assert_eq!(emoji("partyparrot"), None);
    }
}
