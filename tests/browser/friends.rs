//! A conversation of people who are there in every run, for pictures that look lived in.

use confab_tests::Result;
use confab_tests::client::ChatClient;
use confab_tests::example::URL;
use uuid::Uuid;

/// Who writes to whom in the picture; these accounts stay, and a message sent again with its UUID is the same message.
pub const PEOPLE: [&str; 5] = ["mara", "jonas", "priya", "tomasz", "lena.w"];

/// The conversation on screen: mara's view.
const TALK: [(&str, &str); 9] = [
    ("jonas", "Morning! Did the venue answer about Saturday?"),
    (
        "mara",
        "They did, the garden room is ours from two o'clock.",
    ),
    (
        "jonas",
        "Oh lovely. Is there a projector, or do I bring mine?",
    ),
    (
        "mara",
        "There is one, but only with HDMI, so bring the little adapter please.",
    ),
    (
        "jonas",
        "Will do. I also asked Priya about the cake: she insists on baking it herself 🎂",
    ),
    ("mara", "Then nobody will go home early."),
    (
        "jonas",
        "True. I'll put the plan together tonight:\n– 14:00 doors and coffee\n– 15:00 the slides, I promise they are short\n– 16:00 cake",
    ),
    ("mara", "Perfect, thank you. I'll write to the others."),
    ("jonas", "Great. See you on Saturday!"),
];

/// The other lines of her list, and how many of them she has not read.
const OTHERS: [(&str, &[&str]); 3] = [
    ("lena.w", &["The photos from last week are online now"]),
    (
        "tomasz",
        &[
            "I can drive, there is room for three",
            "Shall I pick you up at one?",
        ],
    ),
    ("priya", &["Chocolate or lemon?", "Or both. Both it is."]),
];

/// Makes the accounts and sends the messages, as far as they are not there from an earlier run. Returns mara's conversation with jonas.
pub async fn a_friendly_conversation() -> Result<i64> {
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push((name, someone(name).await?));
    }
    let person = |name: &str| people.iter().find(|(n, _)| *n == name).map(|(_, c)| c);
    let mara = &people[0].1;
    // Messages have UUIDs by their number: sent again they are duplicates, not new.
    let mut number = 0;
    for (name, bodies) in OTHERS {
        let conversation = mara.conversation_with(name).await?;
        for body in bodies {
            number += 1;
            let sender = person(name).unwrap_or(mara);
            sender
                .send_as(conversation, Uuid::from_u128(number), body)
                .await?;
        }
    }
    let conversation = mara.conversation_with("jonas").await?;
    for (name, body) in TALK {
        number += 1;
        let sender = person(name).unwrap_or(mara);
        sender
            .send_as(conversation, Uuid::from_u128(number), body)
            .await?;
    }
    Ok(conversation)
}

async fn someone(name: &str) -> Result<ChatClient> {
    let client = ChatClient::new(URL)?;
    if client.log_in(name).await.is_err() {
        client.register(name).await?;
    }
    Ok(client)
}
