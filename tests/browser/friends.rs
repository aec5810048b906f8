//! A conversation of people who exist in every run, for realistic screenshots.

use confab_tests::Result;
use confab_tests::client::ChatClient;
use confab_tests::example::URL;
use uuid::Uuid;

/// Who sends what in the screenshot. The accounts stay, and a message that is sent again with its UUID is the same message.
pub(crate) const PEOPLE: [&str; 5] = ["mara", "jonas", "priya", "tomasz", "lena.w"];

/// The conversation on screen, as mara sees it.
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

/// The other lines of her list, and the number of unread ones.
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

/// Creates accounts and messages that do not exist from an earlier run. Returns the conversation of mara and jonas.
pub(crate) async fn a_friendly_conversation() -> Result<i64> {
    let mut people = Vec::new();
    for name in PEOPLE {
        people.push((name, someone(name).await?));
    }
    let person = |name: &str| people.iter().find(|(n, _)| *n == name).map(|(_, c)| c);
    let mara = &people[0].1;
    // The UUIDs follow from the numbers: a message that is sent again is not new.
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
