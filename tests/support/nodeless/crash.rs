//! Where a proxy kills the operator. No I/O.

/// When the operator is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The number of the request, from 1.
    pub at: usize,
    pub side: Side,
}

/// Whether the operator is killed before or after a request takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The request has no effect.
    Before,
    /// It has an effect, but the answer never arrives.
    After,
}
