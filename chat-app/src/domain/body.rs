//! The body of a message. Pure.

use super::is_visible;

/// The text of a message: not empty, within the limit of the deployment, without control characters except line breaks
/// and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBody(String);

/// Why a text is not a [`MessageBody`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Only white space and characters that are not drawn.
    #[error("the message is empty")]
    Empty,
    /// Over the deployment's limit.
    #[error("the message has {got} characters, {limit} are allowed")]
    TooLong {
        /// Characters given.
        got: usize,
        /// Characters allowed.
        limit: usize,
    },
    #[error("the message has control characters")]
    Control,
}

impl MessageBody {
    /// No text: allowed with attachments.
    pub fn empty() -> Self {
        Self(String::new())
    }

    /// `limit` counts characters after line breaks were converted to `\n` and the end was trimmed.
    pub fn parse(text: &str, limit: usize) -> Result<Self, BodyError> {
        let body = text.replace("\r\n", "\n").trim_end().to_owned();
        if body.trim_start().is_empty() {
            return Err(BodyError::Empty);
        }
        let got = body.chars().count();
        if got > limit {
            return Err(BodyError::TooLong { got, limit });
        }
        if body
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(BodyError::Control);
        }
        if !is_visible(&body) {
            return Err(BodyError::Empty);
        }
        Ok(Self(body))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_keeps_its_lines_and_loses_trailing_space() {
        assert_eq!(
            MessageBody::parse("a\r\n\tb \n\n", 100).unwrap().as_str(),
            "a\n\tb"
        );
    }

    #[test]
    fn a_body_shows_something() {
        for text in [
            "\u{200b}",
            "\u{2800}",
            "\u{3164}",
            "\u{ad}",
            "\u{fe0f}",
            "\u{e0041}\u{e007f}",
            "\u{202e}",
            " \u{feff} ",
            "\u{a0}\u{2003}",
            "\u{115f}",
            "\u{180b}",
        ] {
            assert_eq!(
                MessageBody::parse(text, 100),
                Err(BodyError::Empty),
                "{text:?}"
            );
        }
        for text in [
            "❤\u{fe0f}",
            "\u{1f469}\u{200d}\u{1f469}",
            "a\u{200b}",
            "\u{301}",
            ".",
            "\u{202e}abc",
        ] {
            assert!(MessageBody::parse(text, 100).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_body_that_is_empty_too_long_or_has_control_characters_is_refused() {
        assert_eq!(MessageBody::parse(" \n\t ", 100), Err(BodyError::Empty));
        assert_eq!(
            MessageBody::parse("ä€🎉", 2),
            Err(BodyError::TooLong { got: 3, limit: 2 })
        );
        assert!(MessageBody::parse("ä€🎉", 3).is_ok());
        for text in ["a\0b", "a\u{1b}[1m", "a\rb", "\u{85}x"] {
            assert_eq!(
                MessageBody::parse(text, 100),
                Err(BodyError::Control),
                "{text:?}"
            );
        }
    }
}
