//! The files that pages load: style sheets, scripts, icons. They are embedded in the binary; there is no build step. Pure.
//!
//! Their path has a hash of all contents, so browsers can cache them for ever and modules can import each other by
//! relative path.

use std::borrow::Cow;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::words;
use crate::domain::UserId;
use crate::text::Language;

/// Also inlined into pages.
pub(crate) const ICON: &str = include_str!("../../static/icon.svg");

/// The modules that `confab.js` imports.
pub(crate) const MODULES: [&str; 20] = [
    "arrange.js",
    "compose.js",
    "delivery.js",
    "draft.js",
    "edits.js",
    "keys.js",
    "excerpt.js",
    "fold.js",
    "list.js",
    "live.js",
    "kept.js",
    "log.js",
    "marks.js",
    "menu.js",
    "pages.js",
    "presence.js",
    "send.js",
    "storage.js",
    "time.js",
    "activity.js",
];

#[derive(Debug)]
pub(crate) struct Asset {
    name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) content: Cow<'static, [u8]>,
}

macro_rules! assets {
    ($($name:literal $path:literal $media_type:literal)+) => {
        [$(Asset::new($name, $media_type, include_bytes!(concat!("../../static/", $path)))),+]
    };
}

impl Asset {
    fn new(name: &'static str, media_type: &'static str, content: &'static [u8]) -> Self {
        let script = name.ends_with(".js").then(|| str::from_utf8(content));
        let content = match script {
            Some(Ok(source)) => Cow::Owned(without_comments(source).into_bytes()),
            _ => Cow::Borrowed(content),
        };
        Self {
            name,
            media_type,
            content,
        }
    }
}

/// A script without the lines that are comments and without indentation: a fifth of what a browser would load.
fn without_comments(source: &str) -> String {
    let mut in_comment = false;
    let code = source.lines().map(str::trim).filter(|line| {
        let begins = line.starts_with("/*");
        let comment = in_comment
            || line.starts_with("//")
            || begins && (line.ends_with("*/") || !line.contains("*/"));
        in_comment = (in_comment || begins) && !line.contains("*/");
        !comment
    });
    code.collect::<Vec<_>>().join("\n")
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    assets! {
    "attach.js"  "js/attach.js" "text/javascript; charset=utf-8"
    "attachments.css" "css/attachments.css" "text/css; charset=utf-8"
    "confab.css" "confab.css" "text/css; charset=utf-8"
    "account.css" "css/account.css" "text/css; charset=utf-8"
    "code.js"    "js/code.js" "text/javascript; charset=utf-8"
    "confab.js"  "js/confab.js" "text/javascript; charset=utf-8"
    "arrange.js" "js/arrange.js" "text/javascript; charset=utf-8"
    "compose.js" "js/compose.js" "text/javascript; charset=utf-8"
    "delivery.js" "js/delivery.js" "text/javascript; charset=utf-8"
    "draft.js" "js/draft.js" "text/javascript; charset=utf-8"
    "edits.js" "js/edits.js" "text/javascript; charset=utf-8"
    "emoji.js"   "js/emoji.js" "text/javascript; charset=utf-8"
    "kept.js"    "js/kept.js" "text/javascript; charset=utf-8"
    "keys.js"    "js/keys.js" "text/javascript; charset=utf-8"
    "excerpt.js" "js/excerpt.js" "text/javascript; charset=utf-8"
    "find.js"    "js/find.js" "text/javascript; charset=utf-8"
    "fold.js"    "js/fold.js" "text/javascript; charset=utf-8"
    "lightbox.js" "js/lightbox.js" "text/javascript; charset=utf-8"
    "limit.js"   "js/limit.js" "text/javascript; charset=utf-8"
    "list.js"    "js/list.js" "text/javascript; charset=utf-8"
    "live.js"    "js/live.js" "text/javascript; charset=utf-8"
    "log.js"     "js/log.js" "text/javascript; charset=utf-8"
    "marks.js" "js/marks.js" "text/javascript; charset=utf-8"
    "menu.js"    "js/menu.js" "text/javascript; charset=utf-8"
    "older.js"   "js/older.js" "text/javascript; charset=utf-8"
    "pages.js"   "js/pages.js" "text/javascript; charset=utf-8"
    "presence.js" "js/presence.js" "text/javascript; charset=utf-8"
    "send.js"    "js/send.js" "text/javascript; charset=utf-8"
    "storage.js" "js/storage.js" "text/javascript; charset=utf-8"
    "suggest.js" "js/suggest.js" "text/javascript; charset=utf-8"
    "switch.js"  "js/switch.js" "text/javascript; charset=utf-8"
    "time.js"    "js/time.js" "text/javascript; charset=utf-8"
    "tray.js"    "js/tray.js" "text/javascript; charset=utf-8"
    "activity.js" "js/activity.js" "text/javascript; charset=utf-8"
    "notify.js"  "js/notify.js" "text/javascript; charset=utf-8"
    "badge.js"   "js/badge.js" "text/javascript; charset=utf-8"
    "notifications.css" "css/notifications.css" "text/css; charset=utf-8"
    "search.css" "css/search.css" "text/css; charset=utf-8"
    "icon.svg"   "icon.svg" "image/svg+xml; charset=utf-8"
    "icon-192.png" "icon-192.png" "image/png"
    "icon-512.png" "icon-512.png" "image/png"
    "icon-maskable.png" "icon-maskable.png" "image/png"
    }
    .into()
});

/// The service worker. Its path never changes, since browsers identify it by its path.
pub(crate) const SERVICE_WORKER: &str = include_str!("../../static/sw.js");

/// The web app manifest, with which browsers install the chat as an app.
pub(crate) fn manifest(title: &str) -> serde_json::Value {
    let icon = |name: &str, sizes: &str, media_type: &str, purpose: &str| serde_json::json!({"src": url(name), "sizes": sizes, "type": media_type, "purpose": purpose});
    serde_json::json!({
        "id": "/",
        "name": title,
        "short_name": title,
        "start_url": "/c",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f5f2",
        "theme_color": "#0f8074",
        "icons": [
            icon("icon-192.png", "192x192", "image/png", "any"),
            icon("icon-512.png", "512x512", "image/png", "any"),
            icon("icon-maskable.png", "512x512", "image/png", "maskable"),
            icon("icon.svg", "any", "image/svg+xml", "any"),
        ],
    })
}

/// The first 64 bits of the SHA-256 of all contents, in hexadecimal.
static RELEASE: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ASSETS.iter() {
        hash.update(&asset.content);
    }
    hash.update(own_css(UserId(0)));
    for language in Language::ALL {
        hash.update(words::css(language));
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Whether a path names the assets of this binary.
pub(crate) fn is_current(release: &str) -> bool {
    *RELEASE == release
}

/// The path of an asset.
pub(crate) fn url(name: &str) -> String {
    format!("/static/{}/{name}", *RELEASE)
}

/// All emoji for the picker: `[emoji, [shortcode or name], group]`. Groups are numbered in the order of `Group`.
pub(crate) static EMOJI: LazyLock<String> = LazyLock::new(|| {
    let groups = emojis::Group::iter().enumerate();
    let grouped =
        groups.flat_map(|(number, group)| group.emojis().map(move |emoji| (number, emoji)));
    let all = grouped.map(|(group, emoji)| {
        let named = emoji.name().to_lowercase().replace(' ', "_");
        let names: Vec<String> = emoji.shortcodes().map(str::to_owned).collect();
        (
            emoji.as_str(),
            if names.is_empty() { vec![named] } else { names },
            group,
        )
    });
    serde_json::to_string(&all.collect::<Vec<_>>()).expect("texts and lists alone")
});

/// The path of a person's style sheet.
pub(crate) fn own_url(me: UserId) -> String {
    url(&format!("own-{me}.css"))
}

/// Parses `own-<id>.css`.
pub(crate) fn own_of(name: &str) -> Option<UserId> {
    name.strip_prefix("own-")?
        .strip_suffix(".css")?
        .parse()
        .ok()
}

/// The path of a language's style sheet.
pub(crate) fn words_url(language: Language) -> String {
    url(&format!("words-{language}.css"))
}

/// Parses `words-<tag>.css`.
pub(crate) fn words_of(name: &str) -> Option<Language> {
    Language::of_tag(name.strip_prefix("words-")?.strip_suffix(".css")?)
}

/// Marks a person's own messages. It is a style sheet, since a message's HTML is the same for everybody.
pub(crate) fn own_css(me: UserId) -> String {
    format!(
        ".message[data-sender=\"{me}\"]{{--columns:minmax(calc(var(--acts) + var(--time)),1fr) fit-content(min(38rem,100% - .625rem - var(--acts) - var(--time)));\
         --meta:1/-1;--acts-column:1;--acts-side:end;--time-gap:6.75rem;--align:end;--avatar:none;--fill:var(--own);\
         --corner:var(--round) var(--tight) var(--round) var(--round);--name-position:absolute;--name-clip:inset(50%)}}\
         .mention[data-user=\"{me}\"]{{--mention:var(--called)}}\
         .reaction[data-users~=\"{me}\"]{{--reaction:var(--selected);--reaction-line:var(--accent)}}\
         .preview[data-sender=\"{me}\"] b{{display:none}}\
         .preview[data-sender=\"{me}\"]:not([data-t])::before{{content:var(--t-you)}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_served_and_imports_only_served_ones() {
        for module in MODULES {
            assert!(find(module).is_some(), "{module}");
        }
        for asset in ASSETS.iter() {
            let text = String::from_utf8_lossy(&asset.content);
            for import in text
                .split("from './")
                .skip(1)
                .filter_map(|rest| rest.split('\'').next())
            {
                let served = if MODULES.contains(&asset.name) {
                    MODULES.contains(&import)
                } else {
                    find(import).is_some()
                };
                assert!(served, "{} imports {import}", asset.name);
            }
        }
    }

    #[test]
    fn scripts_are_served_without_comments() {
        let source = "// One.\nimport x;\n\n/**\n * Two\n */\n  call('//three'); // four\n/** Five. */\n/** @type {Six} */ (seven);\n}\n";
        assert_eq!(
            without_comments(source),
            "import x;\n\ncall('//three'); // four\n/** @type {Six} */ (seven);\n}"
        );
    }

    #[test]
    fn no_script_has_a_text_of_several_lines_whose_indentation_would_be_lost() {
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
            let text = String::from_utf8_lossy(&asset.content);
            for line in text.lines() {
                assert!(
                    line.matches('`').count().is_multiple_of(2),
                    "{}: {line}",
                    asset.name
                );
            }
        }
    }

    #[test]
    fn a_person_has_a_style_sheet() {
        assert_eq!(own_of("own-12.css"), Some(UserId(12)));
        assert_eq!(own_of("own-x.css"), None);
        assert!(own_css(UserId(12)).contains("[data-sender=\"12\"]"));
    }
}
