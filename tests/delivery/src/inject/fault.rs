//! The faults that can be injected. No I/O.

use std::time::Duration;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// No fault: pass everything on unchanged
    None,
    /// One person never receives one message
    Drop,
    /// A message is stored twice under one UUID, or a live event arrives twice
    Duplicate,
    /// Two messages swap positions for one person, or two live events arrive in the wrong order
    Reorder,
    /// One person receives a message, and what follows it in its conversation, a minute late
    Delay,
    /// A person who was removed receives what is sent afterwards, live or by reading the page
    Leak,
    /// One person never gets past one rev of a conversation
    Gap,
    /// A send or an edit is acknowledged and dropped
    FalseAck,
    /// One person sees the text before an edit as the text after it
    Stale,
}

/// The fault to inject.
#[derive(Clone, Copy, Debug)]
pub struct Injection {
    pub fault: Fault,
    /// Determines what the fault hits.
    pub seed: u64,
    /// How long [`Fault::Delay`] holds frames back.
    pub delay: Duration,
}
