//! writer → publisher: renders committed messages once, publishes them and answers their senders. Does I/O
//! (Kafka).
//!
//! One task, so that messages are published in their order. It ends when the writer's other task has.

use tokio::sync::mpsc;

use super::{Answer, SendError, Sent};
use crate::domain::{AddressedChange, Audience, Change};
use crate::event::Event;
use crate::publisher::Publisher;
use crate::store::messages::Appended;
use crate::views::message::Shown;

/// A batch that is committed: outcomes and answers are parallel.
pub(super) struct Committed {
    pub(super) outcomes: Vec<Appended>,
    pub(super) answers: Vec<Answer>,
    pub(super) epoch: String,
}

pub(super) async fn run(mut batches: mpsc::Receiver<Committed>, publisher: Publisher) {
    while let Some(batch) = batches.recv().await {
        for (outcome, answer) in std::iter::zip(batch.outcomes, batch.answers) {
            // A sender that has gone needs no answer.
            let _ = answer.send(announced(&publisher, outcome, &batch.epoch));
        }
    }
}

/// Publishes a new message. Returns what its sender is told.
fn announced(publisher: &Publisher, outcome: Appended, epoch: &str) -> Result<Sent, SendError> {
    match outcome {
        Appended::Sent {
            message,
            kind,
            recipients,
        } => {
            let addressed = AddressedChange {
                change: Change::Message(message.clone()),
                conversation_kind: kind,
                audience: recipients.map_or(Audience::Room, Audience::People),
                epoch: epoch.to_owned(),
            };
            let event = Event::of(&addressed);
            publisher.publish(&event);
            let Event { html, plain, .. } = event;
            Ok(Sent {
                message,
                shown: Shown { html, plain },
                duplicate: false,
            })
        }
        Appended::Duplicate(message) => Ok(Sent {
            shown: Shown::of(&message),
            message,
            duplicate: true,
        }),
        Appended::NotMember => Err(SendError::NotMember),
        Appended::Blocked => Err(SendError::Blocked),
        Appended::NoAttachment => Err(SendError::NoAttachment),
    }
}
