//! The body of a message. Pure.

/// The text of a message: not empty, within the limit of the deployment, without control characters except line breaks
/// and tabs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBody(String);

/// Why a text is not a [`MessageBody`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Only white space.
    #[error("the message is empty")]
    Empty,
    /// Over the deployment's limit.
    #[error("the message has {got} bytes, {limit} are allowed")]
    TooLong {
        /// Bytes of UTF-8 given.
        got: usize,
        /// Bytes of UTF-8 allowed.
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

    /// `max_bytes` counts UTF-8 after line breaks were converted to `\n` and the end was trimmed.
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, BodyError> {
        let body = text.replace("\r\n", "\n").trim_end().to_owned();
        if body.trim_start().is_empty() {
            return Err(BodyError::Empty);
        }
        if body.len() > max_bytes {
            return Err(BodyError::TooLong {
                got: body.len(),
                limit: max_bytes,
            });
        }
        if body
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(BodyError::Control);
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
    fn a_body_that_is_empty_too_long_or_has_control_characters_is_refused() {
        assert_eq!(MessageBody::parse(" \n\t ", 100), Err(BodyError::Empty));
        assert_eq!(
            MessageBody::parse("äb", 2),
            Err(BodyError::TooLong { got: 3, limit: 2 })
        );
        for text in ["a\0b", "a\u{1b}[1m", "a\rb", "\u{85}x"] {
            assert_eq!(
                MessageBody::parse(text, 100),
                Err(BodyError::Control),
                "{text:?}"
            );
        }
    }
}
