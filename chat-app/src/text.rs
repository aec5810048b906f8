//! The words that people read, in their language. Pure: the messages are embedded in the binary.
//!
//! One Fluent file for each area and language in `locales/`; a test holds that every language has the same messages.
//! What depends on the viewer's language stays out of a message's own HTML, which is the same for everybody.

use std::convert::Infallible;
use std::fmt;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::CookieJar;
use fluent_bundle::concurrent::FluentBundle;
pub use fluent_bundle::{FluentArgs, FluentValue};
use fluent_bundle::{FluentError, FluentResource};
use unic_langid::LanguageIdentifier;

/// The cookie that holds the language a person chose; without it the browser's is taken.
pub const COOKIE: &str = "confab-language";

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, which every message falls back to.
    #[default]
    English,
    German,
    /// Arabic, written from right to left.
    Arabic,
}

impl Language {
    /// All of them, in the order in which people choose.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Arabic];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// What its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Arabic => "العربية",
        }
    }

    /// The language of a tag that is exactly one of ours.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The first of the browser's languages that there is. Browsers name them in the order of their weights.
    fn accepted(header: &str) -> Self {
        let tags = header.split(',').filter_map(|part| part.split(';').next());
        let wanted = tags.filter_map(|tag| tag.trim().parse::<LanguageIdentifier>().ok());
        wanted
            .filter_map(|wanted| Self::of_tag(wanted.language.as_str()))
            .next()
            .unwrap_or_default()
    }

    fn id(self) -> LanguageIdentifier {
        self.tag().parse().expect("the tags are well formed")
    }
}

/// The messages of one area in all languages, in the order of [`Language::ALL`].
macro_rules! areas {
    ($($area:literal)+) => {
        [$([
            include_str!(concat!("../locales/en/", $area, ".ftl")),
            include_str!(concat!("../locales/de/", $area, ".ftl")),
            include_str!(concat!("../locales/ar/", $area, ".ftl")),
        ]),+]
    };
}

/// Every area; a new one is named here.
static AREAS: &[[&str; 3]] = &areas! {
    "accounts"
    "admin"
    "attachments"
    "chat"
    "errors"
    "message"
    "rooms"
    "notifications"
    "search"
    "site"
};

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 3]> = LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.id()]);
    // Names in sentences stand between isolating marks where directions may mix.
    bundle.set_use_isolating(language == Language::Arabic);
    for area in AREAS {
        let source = area[language as usize].to_owned();
        let resource = FluentResource::try_new(source)
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag()));
        bundle
            .add_resource(resource)
            .unwrap_or_else(|errors| panic!("{} has a message twice: {errors:?}", language.tag()));
    }
    bundle
}

/// The words of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub language: Language,
}

impl Text {
    /// What this person chose, or what their browser asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        let chosen = CookieJar::from_headers(headers)
            .get(COOKIE)
            .and_then(|cookie| Language::of_tag(cookie.value()));
        let language = chosen.unwrap_or_else(|| {
            let accepted = headers.get(header::ACCEPT_LANGUAGE);
            Language::accepted(accepted.and_then(|h| h.to_str().ok()).unwrap_or(""))
        });
        Self { language }
    }

    /// The direction in which it is written, as HTML's `dir` has it.
    pub fn direction(self) -> &'static str {
        match self.language {
            Language::Arabic => "rtl",
            Language::English | Language::German => "ltr",
        }
    }

    /// A message without arguments.
    pub fn get(self, id: &str) -> String {
        self.format(id, None)
    }

    /// A message with its arguments; see [`t!`](crate::t).
    pub fn with(self, id: &str, args: &FluentArgs) -> String {
        self.format(id, Some(args))
    }

    /// A message that is missing shows as its id: a test holds that none is.
    fn format(self, id: &str, args: Option<&FluentArgs>) -> String {
        let bundle = &BUNDLES[self.language as usize];
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            tracing::error!(id, language = self.language.tag(), "missing message");
            return id.to_owned();
        };
        let mut errors: Vec<FluentError> = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::error!(id, ?errors, "could not format a message");
        }
        text.into_owned()
    }
}

impl<S: Sync> FromRequestParts<S> for Text {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// A message with arguments: `t!(text, "unread-title", count = 3, title = "Confab")`.
#[macro_export]
macro_rules! t {
    ($text:expr, $id:literal) => { $text.get($id) };
    ($text:expr, $id:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut args = $crate::text::FluentArgs::new();
        $(args.set(stringify!($name), $crate::text::FluentValue::from($value));)+
        $text.with($id, &args)
    }};
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Each message's id with the names of its arguments, as the source has them.
    fn messages(language: Language) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in AREAS
            .iter()
            .flat_map(|area| area[language as usize].lines())
        {
            if let Some((id, _)) = line.split_once(" =")
                && !line.starts_with([' ', '#', '-'])
            {
                current = id.to_owned();
                found.entry(current.clone()).or_default();
            }
            for argument in line.split("{ $").skip(1) {
                let end = argument
                    .find([' ', '}', ',', ')'])
                    .unwrap_or(argument.len());
                let names = found.entry(current.clone()).or_default();
                names.push(argument[..end].to_owned());
                names.sort();
                names.dedup();
            }
        }
        found
    }

    #[test]
    fn every_language_has_the_same_messages_and_arguments() {
        let english = messages(Language::English);
        for language in [Language::German, Language::Arabic] {
            assert_eq!(messages(language), english, "{language}");
        }
    }

    #[test]
    fn the_browser_chooses_unless_the_person_did() {
        let of = |accept: &str, cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            Text::of(&headers).language.tag()
        };
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8", ""), "de");
        assert_eq!(of("fr,ar-EG;q=0.5", ""), "ar");
        assert_eq!(of("fr", ""), "en");
        assert_eq!(of("*", "x=y"), "en");
        assert_eq!(of("de", "confab-language=ar"), "ar");
        assert_eq!(of("de", "confab-language=xx"), "de");
    }
}
