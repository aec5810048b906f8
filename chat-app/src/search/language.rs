//! The languages whose words search reduces to their stems. Pure.

use clap::ValueEnum;
use pagefind_stem::{Algorithm, Stemmer};

macro_rules! languages {
    ($($name:ident)*) => {
        /// The language of the index. `Simple` is none: words match as they are written.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
        #[value(rename_all = "lower")]
        pub enum Language { #[default] Simple, $($name),* }

        impl Language {
            /// Takes words in lower case.
            pub(super) fn stemmer(self) -> Option<Stemmer> {
                match self {
                    Self::Simple => None,
                    $(Self::$name => Some(Stemmer::create(Algorithm::$name)),)*
                }
            }
        }
    };
}

languages! {
    Arabic Armenian Basque Catalan Danish Dutch English Finnish French German Greek Hindi Hungarian Indonesian
    Irish Italian Lithuanian Nepali Norwegian Portuguese Romanian Russian Serbian Spanish Swedish Tamil Turkish
    Yiddish
}

impl Language {
    /// The name in settings and in the database.
    pub fn name(self) -> String {
        let value = self.to_possible_value().expect("no language is hidden");
        value.get_name().to_owned()
    }

    /// The language of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}
