//! The id of a request in the log. No I/O.

/// The response has it as `x-request-id`.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);
