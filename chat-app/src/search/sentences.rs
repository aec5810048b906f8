//! The sentences that tell a user what is wrong with a query. Pure.

use super::query::{MAX_CHARS, Problem};
use crate::t;
use crate::text::Text;

impl Problem {
    pub(crate) fn sentence(&self, text: Text) -> String {
        match self {
            Self::TooLong => t!(text, "search-too-long", limit = MAX_CHARS as i64),
            Self::Operator(name) => t!(text, "search-operator", name = name.as_str()),
            Self::Missing(name) => t!(text, "search-missing", name = name.as_str()),
            Self::Date(value) => t!(text, "search-date", value = value.as_str()),
            Self::Has(value) => t!(text, "search-has", value = value.as_str()),
            Self::NotExcludable(name) => t!(text, "search-not-excludable", name = name.as_str()),
            Self::OnlyExcluded => t!(text, "search-only-excluded"),
            Self::Nobody(name) => t!(text, "search-nobody", name = name.as_str()),
            Self::Nowhere(name) => t!(text, "search-nowhere", name = name.as_str()),
            Self::LeftOut(words) => t!(text, "search-left-out", words = words.as_str()),
        }
    }
}
