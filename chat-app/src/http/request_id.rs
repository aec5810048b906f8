//! The id of a request, in its log lines and in the response header `x-request-id`. No I/O.

#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);
