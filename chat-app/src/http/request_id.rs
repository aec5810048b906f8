//! What the log calls a request. No I/O.

/// The answer carries it as `x-request-id`.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);
