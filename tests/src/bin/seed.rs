//! Fills a chat with an example that looks lived in: `make dev SEED=1`. People sign up through the chat itself; what they
//! said comes from seed.txt through the functions of the schema and is dated back. Does I/O; a second run changes nothing.

use std::collections::HashMap;

use confab_tests::client::ChatClient;
use confab_tests::{Context, PASSWORD, Result};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// Who there is, as they are called and shown.
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

/// A place of the script: its name there, kind, title, topic and people, the first of whom made it.
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
        "bob ada elif gustav ines jun cleo fatma",
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("usage: seed URL")?;
    let database = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    let mut connection = PgConnection::connect(&database).await?;
    if seeded(&mut connection).await? {
        println!("The example is there already.");
    } else {
        sign_up(&url).await?;
        let mut tx = connection.begin().await?;
        let mut seed = Seed::begin(&mut tx).await?;
        for (number, line) in include_str!("seed.txt").lines().enumerate() {
            seed.play(line)
                .await
                .context(format!("seed.txt, line {}", number + 1))?;
        }
        seed.finish().await?;
        tx.commit().await?;
    }
    let names: Vec<&str> = PEOPLE.iter().map(|(name, _)| *name).collect();
    println!(
        "Log in as ada (or {}) with the password: {PASSWORD}",
        names[1..].join(", ")
    );
    Ok(())
}

async fn seeded(connection: &mut PgConnection) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM conversations WHERE kind = 'public' AND title = 'Lobby')";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Whoever is there already keeps their account.
async fn sign_up(url: &str) -> Result<()> {
    for (name, _) in PEOPLE {
        let client = ChatClient::new(url)?;
        if client.log_in(name).await.is_err() {
            client.register(name).await?;
        }
    }
    Ok(())
}

/// The last message that was played: what the lines below it are about.
struct Last {
    conversation: i64,
    seq: i64,
    sender: i64,
}

struct Seed<'a> {
    connection: &'a mut PgConnection,
    people: HashMap<&'static str, i64>,
    places: HashMap<String, i64>,
    last: Option<Last>,
}

impl<'a> Seed<'a> {
    async fn begin(connection: &'a mut PgConnection) -> Result<Self> {
        let (mut people, mut places) = (HashMap::new(), HashMap::new());
        for (name, shown) in PEOPLE {
            let sql = "UPDATE users SET display_name = $2 WHERE name = $1 RETURNING id";
            let id = sqlx::query_scalar(sql)
                .bind(name)
                .bind(shown)
                .fetch_one(&mut *connection)
                .await?;
            people.insert(name, id);
        }
        for (name, kind, title, topic, members) in PLACES {
            let members: Vec<i64> = members.split(' ').map(|name| people[name]).collect();
            let sql = "SELECT create_conversation($1, nullif($2, ''), $3, $4, $5)";
            let id = sqlx::query_scalar(sql)
                .bind(kind)
                .bind(title)
                .bind(topic)
                .bind(members[0])
                .bind(&members);
            places.insert(name.to_owned(), id.fetch_one(&mut *connection).await?);
        }
        Ok(Self {
            connection,
            people,
            places,
            last: None,
        })
    }

    async fn play(&mut self, line: &str) -> Result<()> {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "" | "#" => Ok(()),
            "+" => self.react(rest).await,
            "=" => self.edit(rest).await,
            "x" => self.delete().await,
            days => self.say(days.parse()?, rest).await,
        }
    }

    async fn say(&mut self, days_ago: i32, line: &str) -> Result<()> {
        let mut words = line.splitn(4, ' ');
        let mut next = || words.next().context("it has a word too few");
        let (clock, place, sender, text) = (next()?, next()?, next()?, next()?);
        let (reply, text) = text
            .strip_prefix("^ ")
            .map_or((false, text), |text| (true, text));
        let conversation = self.place(place).await?;
        let sender = *self.people.get(sender).context("nobody is called so")?;
        let mentions: Vec<&str> = PEOPLE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| text.contains(&format!("@{name}")))
            .collect();
        let answered = self
            .last
            .as_ref()
            .filter(|last| reply && last.conversation == conversation);
        let extra =
            serde_json::json!({ "mentions": mentions, "reply_to": answered.map(|last| last.seq) });
        let (outcome, seq): (String, Option<i64>) = sqlx::query_as(
            "SELECT outcome, seq FROM append_messages(ARRAY[$1], ARRAY[$2], ARRAY[$3], ARRAY[$4], ARRAY[$5::jsonb])",
        )
        .bind(conversation)
        .bind(sender)
        .bind(Uuid::new_v4())
        .bind(text.replace("\\n", "\n"))
        .bind(extra.to_string())
        .fetch_one(&mut *self.connection)
        .await?;
        let seq = seq.context(format!("the send came to {outcome}"))?;
        sqlx::query(
            "UPDATE messages SET created_at = least(now(), date_trunc('day', now()) - make_interval(days => $3) + $4::text::interval)
             WHERE conversation_id = $1 AND seq = $2",
        )
        .bind(conversation)
        .bind(seq)
        .bind(days_ago)
        .bind(clock)
        .execute(&mut *self.connection)
        .await?;
        self.last = Some(Last {
            conversation,
            seq,
            sender,
        });
        Ok(())
    }

    /// A room by its name in the script, or the direct conversation of `ada-bob`.
    async fn place(&mut self, name: &str) -> Result<i64> {
        if let Some(id) = self.places.get(name) {
            return Ok(*id);
        }
        let (one, other) = name.split_once('-').context("there is no such place")?;
        let one = *self.people.get(one).context("nobody is called so")?;
        let other = *self.people.get(other).context("nobody is called so")?;
        let id = sqlx::query_scalar(
            "WITH made AS (
                 INSERT INTO conversations (direct_low, direct_high) VALUES (least($1, $2), greatest($1, $2))
                 ON CONFLICT (direct_low, direct_high) DO UPDATE SET direct_low = excluded.direct_low RETURNING id
             ), joined AS (
                 INSERT INTO members (conversation_id, user_id, joined_rev, bucket)
                 SELECT id, person, 0, now() FROM made, unnest(ARRAY[$1, $2]) AS person ON CONFLICT DO NOTHING
             )
             SELECT id FROM made",
        )
        .bind(one)
        .bind(other)
        .fetch_one(&mut *self.connection)
        .await?;
        self.places.insert(name.to_owned(), id);
        Ok(id)
    }

    async fn react(&mut self, line: &str) -> Result<()> {
        let last = self.last.as_ref().context("there is no message above")?;
        let (emoji, names) = line.split_once(' ').context("nobody reacts")?;
        for name in names.split(' ') {
            let person = self.people.get(name).context("nobody is called so")?;
            let query = sqlx::query("SELECT FROM react($1, $2, $3, $4, true)");
            let query = query
                .bind(last.conversation)
                .bind(last.seq)
                .bind(person)
                .bind(emoji);
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    async fn edit(&mut self, text: &str) -> Result<()> {
        let last = self.last.as_ref().context("there is no message above")?;
        let query = sqlx::query("SELECT FROM edit_message($1, $2, $3, $4, '{}')");
        let query = query
            .bind(last.conversation)
            .bind(last.seq)
            .bind(last.sender)
            .bind(text);
        query.execute(&mut *self.connection).await?;
        Ok(())
    }

    async fn delete(&mut self) -> Result<()> {
        let last = self.last.as_ref().context("there is no message above")?;
        let query = sqlx::query("SELECT FROM delete_message($1, $2, $3, false)");
        let query = query
            .bind(last.conversation)
            .bind(last.seq)
            .bind(last.sender);
        query.execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Dates everything by its messages; all is read, but by Ada only until this morning.
    async fn finish(self) -> Result<()> {
        let places: Vec<i64> = self.places.into_values().collect();
        for sql in [
            "UPDATE conversations c SET last_at = (SELECT max(m.created_at) FROM messages m WHERE m.conversation_id = c.id)
             WHERE c.id = ANY ($1)",
            "UPDATE notices n SET created_at = (SELECT min(m.created_at) - interval '5 minutes' FROM messages m
                                                WHERE m.conversation_id = n.conversation_id)
             WHERE n.conversation_id = ANY ($1)",
            "UPDATE messages m SET edited_at = m.created_at + interval '2 minutes'
             WHERE m.conversation_id = ANY ($1) AND m.edited_at IS NOT NULL",
            "UPDATE members m SET bucket = date_bin('6 hours', c.last_at, '2020-01-01 00:00:00+00'), last_read_seq = c.last_seq
             FROM conversations c WHERE c.id = m.conversation_id AND c.id = ANY ($1)",
            "UPDATE members m SET last_read_seq = (
                 SELECT count(*) FROM messages s WHERE s.conversation_id = m.conversation_id
                                                   AND s.created_at < date_trunc('day', now()) - interval '12 hours')
             FROM users u WHERE u.id = m.user_id AND u.name = 'ada' AND m.conversation_id = ANY ($1)",
        ] {
            sqlx::query(sql).bind(&places).execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}
