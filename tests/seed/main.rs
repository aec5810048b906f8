//! Fills a chat with a realistic example: `make dev SEED=1`. Accounts, pictures and files are created through the chat itself.
//! The messages come from script.txt, are inserted through the functions of the schema, and are backdated. A second run changes
//! nothing. Does I/O.

#![warn(unreachable_pub)]

mod pictures;
mod play;

use std::collections::HashMap;

use confab_tests::client::ChatClient;
use confab_tests::{Context, PASSWORD, Result};
use sqlx::{Connection, PgConnection};

use crate::play::Play;

const SCRIPT: &str = include_str!("script.txt");

/// The user names and display names.
const PEOPLE: [(&str, &str); 12] = [
    ("ada", "Ada Lindqvist"),
    ("bob", "Bob Okafor"),
    ("cleo", "Cleo Martín"),
    ("dmitri", "Dmitri Wolff"),
    ("elif", "Elif Kaya"),
    ("fatma", "فاطمة الزهراء"),
    ("gustav", "Gustav Mahlberg"),
    ("henrik", "Henrik Sørensen"),
    ("ines", "Inês Carvalho"),
    ("jun", "Jun Tanaka"),
    ("karim", "Karim Haddad"),
    ("lena", "Lena Brückner"),
];
const ALL: &str = "ada bob cleo dmitri elif fatma gustav henrik ines jun karim lena";

/// A room of the script: its name there, kind, title, topic and members; the first one created it.
type Place = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const PLACES: [Place; 7] = [
    (
        "lobby",
        "public",
        "Lobby",
        "Everybody, and whatever has no room of its own",
        ALL,
    ),
    (
        "release",
        "public",
        "Release 2.0",
        "Ships on Tuesday · notes: https://docs.example.com/2.0/notes",
        "bob ada elif gustav ines jun cleo fatma lena dmitri",
    ),
    (
        "design",
        "public",
        "Design",
        "What it looks like and how it feels",
        "fatma ada cleo henrik",
    ),
    (
        "books",
        "public",
        "Books",
        "What we read. No spoilers before Friday",
        "jun cleo fatma henrik karim",
    ),
    (
        "ops",
        "private",
        "Operations",
        "On call: @gustav until Monday, then @ines",
        "gustav ada ines",
    ),
    ("hiring", "private", "Hiring", "", "ada bob elif"),
    ("weekend", "group", "", "", "dmitri jun lena karim ada"),
];

/// The people with a picture; the others have initials.
const PORTRAYED: [&str; 7] = ["ada", "cleo", "elif", "fatma", "gustav", "jun", "lena"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("usage: seed URL")?;
    let database = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let mut connection = PgConnection::connect(&database).await?;
    if seeded(&mut connection).await? {
        println!("The example is there already.");
    } else {
        seed(&url, &mut connection).await?;
    }
    let names: Vec<&str> = PEOPLE.iter().map(|(name, _)| *name).collect();
    println!(
        "Log in as ada (or {}) with the password: {PASSWORD}",
        names[1..].join(", ")
    );
    Ok(())
}

async fn seeded(connection: &mut PgConnection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM messages JOIN conversations c ON c.id = conversation_id
                              WHERE c.kind = 'public' AND c.title = 'Lobby')";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// First what goes through the chat; then all messages in one transaction.
async fn seed(url: &str, connection: &mut PgConnection) -> Result<()> {
    let clients = sign_up(url).await?;
    let people = people(connection).await?;
    let places = places(connection, &people).await?;
    let files = upload(&clients, &places).await?;
    let mut tx = connection.begin().await?;
    let mut play = Play::new(&mut tx, people, places, files);
    for (number, line) in SCRIPT.lines().enumerate() {
        play.line(line)
            .await
            .with_context(|| format!("script.txt, line {}", number + 1))?;
    }
    play.finish().await?;
    Ok(tx.commit().await?)
}

/// Existing accounts are kept.
async fn sign_up(url: &str) -> Result<HashMap<&'static str, ChatClient>> {
    let mut clients = HashMap::new();
    for (name, _) in PEOPLE {
        let client = ChatClient::new(url)?;
        if client.log_in(name).await.is_err() {
            client.register(name).await?;
        }
        if let Some(number) = PORTRAYED.iter().position(|portrayed| *portrayed == name) {
            client.set_picture(pictures::portrait(number)).await?;
        }
        clients.insert(name, client);
    }
    Ok(clients)
}

async fn people(connection: &mut PgConnection) -> Result<HashMap<&'static str, i64>> {
    let mut people = HashMap::new();
    for (name, shown) in PEOPLE {
        let sql = "UPDATE users SET display_name = $2 WHERE name = $1 RETURNING id";
        let id = sqlx::query_scalar(sql).bind(name).bind(shown);
        people.insert(name, id.fetch_one(&mut *connection).await?);
    }
    Ok(people)
}

/// The rooms by their name in the script; one that an interrupted run created is used again.
async fn places(
    connection: &mut PgConnection,
    people: &HashMap<&'static str, i64>,
) -> Result<HashMap<String, i64>> {
    let mut places = HashMap::new();
    for (name, kind, title, topic, members) in PLACES {
        let members: Vec<i64> = members.split(' ').map(|name| people[name]).collect();
        let sql = "SELECT coalesce(
                       (SELECT min(c.id) FROM conversations c JOIN members m ON m.conversation_id = c.id
                        WHERE c.kind = $1 AND c.title IS NOT DISTINCT FROM nullif($2, '') AND m.user_id = $4),
                       create_conversation($1, nullif($2, ''), $3, $4, $5))";
        let id = sqlx::query_scalar(sql)
            .bind(kind)
            .bind(title)
            .bind(topic)
            .bind(members[0])
            .bind(&members);
        places.insert(name.to_owned(), id.fetch_one(&mut *connection).await?);
    }
    Ok(places)
}

/// The files of the script by their names, uploaded by their senders.
async fn upload(
    clients: &HashMap<&'static str, ChatClient>,
    places: &HashMap<String, i64>,
) -> Result<HashMap<String, String>> {
    let mut files = HashMap::new();
    for line in SCRIPT.lines() {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        let [_, _, place, sender, text] = words[..] else {
            continue;
        };
        let Some((name, _)) = play::file_and_text(text) else {
            continue;
        };
        let bytes = pictures::file(name).with_context(|| format!("there is no picture {name}"))?;
        let place = places
            .get(place)
            .with_context(|| format!("{name}: files are for rooms and groups"))?;
        let client = clients.get(sender).context("nobody is called so")?;
        files.insert(name.to_owned(), client.upload(*place, name, bytes).await?);
    }
    Ok(files)
}
