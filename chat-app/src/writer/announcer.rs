//! writer → publisher: renders committed messages once, publishes them and answers their senders. Does I/O
//! (Kafka).
//!
//! One task, so that messages are published in their order. It ends when the writer's other task has.

use tokio::sync::mpsc;

use super::{Answer, SendError, Sent};
use crate::domain::{AddressedChange, Audience, Change, Message};
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
        let rendered = batch
            .outcomes
            .into_iter()
            .map(|o| rendered(o, &batch.epoch));
        let rendered: Vec<_> = rendered.collect();
        // One after the other without a pause: what is queued together goes to Kafka in one request.
        for event in rendered.iter().filter_map(|(_, event)| event.as_ref()) {
            publisher.publish(event);
        }
        for ((sent, event), answer) in std::iter::zip(rendered, batch.answers) {
            // A sender that has gone needs no answer.
            let _ = answer.send(sent.map(|message| answered(message, event)));
        }
    }
}

/// A message that is committed and, if it is new, its event.
fn rendered(outcome: Appended, epoch: &str) -> (Result<Message, SendError>, Option<Event>) {
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
            (Ok(message), Some(Event::of(&addressed)))
        }
        Appended::Duplicate(message) => (Ok(message), None),
        Appended::NotMember => (Err(SendError::NotMember), None),
        Appended::Blocked => (Err(SendError::Blocked), None),
        Appended::NoAttachment => (Err(SendError::NoAttachment), None),
    }
}

/// The answer to the sender; without an event, an earlier attempt had created the message.
fn answered(message: Message, event: Option<Event>) -> Sent {
    let duplicate = event.is_none();
    let shown = match event {
        Some(Event { html, plain, .. }) => Shown { html, plain },
        None => Shown::of(&message),
    };
    Sent {
        message,
        shown,
        duplicate,
    }
}
