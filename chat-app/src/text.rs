//! The texts that people read, in their language. Pure: the Fluent messages are embedded in the binary.
//!
//! `locales/` has one Fluent file for each area and language; a test makes sure that all languages have the same messages. The
//! HTML of a chat message is the same for everybody, so it holds no text that depends on the reader's language.

use std::convert::Infallible;
use std::fmt;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::CookieJar;
use fluent_bundle::concurrent::FluentBundle;
pub(crate) use fluent_bundle::{FluentArgs, FluentValue};
use fluent_bundle::{FluentError, FluentResource};
use unic_langid::LanguageIdentifier;

/// The cookie with the language that a person chose. Without it the browser's language counts.
pub const COOKIE: &str = "confab-language";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// The default.
    #[default]
    English,
    German,
    /// Written from right to left.
    Arabic,
}

impl Language {
    /// In the order in which the settings offer them.
    pub(crate) const ALL: [Self; 3] = [Self::English, Self::German, Self::Arabic];

    /// The BCP 47 tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Arabic => "ar",
        }
    }

    /// The language's name in the language itself.
    pub(crate) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Arabic => "العربية",
        }
    }

    /// The language with exactly this tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The first supported language of an `accept-language` header. Browsers list them in the order of their weights.
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

/// The Fluent files of each area, in the order of [`Language::ALL`].
macro_rules! areas {
    ($($area:literal)+) => {
        [$([
            include_str!(concat!("../locales/en/", $area, ".ftl")),
            include_str!(concat!("../locales/de/", $area, ".ftl")),
            include_str!(concat!("../locales/ar/", $area, ".ftl")),
        ]),+]
    };
}

/// All areas. Add a new one here.
static AREAS: &[[&str; 3]] = &areas! {
    "accounts"
    "admin"
    "attachments"
    "bots"
    "chat"
    "errors"
    "hooks"
    "message"
    "rooms"
    "notifications"
    "pins"
    "providers"
    "search"
    "site"
    "tokens"
};

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<[Bundle; 3]> = LazyLock::new(|| Language::ALL.map(bundle));

fn bundle(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.id()]);
    // Isolating marks keep a name's direction from changing the sentence around it.
    bundle.set_use_isolating(Text { language }.direction() == "rtl");
    for area in AREAS {
        let source = area[language as usize].to_owned();
        let resource = FluentResource::try_new(source)
            .unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", language.tag()));
        bundle.add_resource(resource).unwrap_or_else(|errors| {
            panic!("{} has a duplicate message: {errors:?}", language.tag())
        });
    }
    bundle
}

/// The texts of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) language: Language,
}

impl Text {
    /// In the language that the person chose, or else one that their browser accepts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let chosen = CookieJar::from_headers(headers)
            .get(COOKIE)
            .and_then(|cookie| Language::of_tag(cookie.value()));
        let language = chosen.unwrap_or_else(|| {
            let accepted = headers.get(header::ACCEPT_LANGUAGE);
            Language::accepted(accepted.and_then(|h| h.to_str().ok()).unwrap_or(""))
        });
        Self { language }
    }

    /// The value of HTML's `dir`.
    pub(crate) fn direction(self) -> &'static str {
        match self.language {
            Language::Arabic => "rtl",
            Language::English | Language::German => "ltr",
        }
    }

    /// A message without arguments.
    pub(crate) fn get(self, id: &str) -> String {
        self.format(id, None)
    }

    /// A message with arguments; see [`t!`](crate::t).
    pub(crate) fn with(self, id: &str, args: &FluentArgs) -> String {
        self.format(id, Some(args))
    }

    /// Returns the id of a message that is missing.
    fn format(self, id: &str, args: Option<&FluentArgs>) -> String {
        let bundle = &BUNDLES[self.language as usize];
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            tracing::error!(
                id,
                language = self.language.tag(),
                "a Fluent message is missing"
            );
            return id.to_owned();
        };
        let mut errors: Vec<FluentError> = Vec::new();
        let text = bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::error!(id, ?errors, "could not format a Fluent message");
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
macro_rules! t {
    ($text:expr, $id:literal) => { $text.get($id) };
    ($text:expr, $id:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut args = $crate::text::FluentArgs::new();
        $(args.set(stringify!($name), $crate::text::FluentValue::from($value));)+
        $text.with($id, &args)
    }};
}

pub(crate) use t;

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Debug;

    use super::*;

    /// The messages in the Fluent files: each id with the names of its arguments.
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

    /// Asserts that the sentence differs between all languages. A missing message is its id in each of them.
    pub(crate) fn assert_translated(what: &str, sentence: impl Fn(Text) -> String) {
        let sentences = Language::ALL.map(|language| sentence(Text { language }));
        let distinct: BTreeSet<&String> = sentences.iter().collect();
        assert_eq!(distinct.len(), Language::ALL.len(), "{what}: {sentences:?}");
    }

    /// Asserts that `values` has every variant of the enum `name` in this source file.
    pub(crate) fn assert_every_variant(source: &str, name: &str, values: &[impl Debug]) {
        let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
        let (body, _) = body.split_once("\n}\n").unwrap();
        let variants: BTreeSet<&str> = body
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
            .filter_map(|line| line.split([',', '(', ' ', '{']).next())
            .collect();
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let walked: BTreeSet<&str> = values
            .iter()
            .filter_map(|value| value.split(['(', ' ']).next())
            .collect();
        assert!(!variants.is_empty());
        assert_eq!(variants, walked);
    }

    #[test]
    fn every_language_has_the_same_messages_and_arguments() {
        let english = messages(Language::English);
        for language in Language::ALL {
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
