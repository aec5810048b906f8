//! Plays the script: each line is a message, or what happens to the one above it. Does I/O.

use std::collections::HashMap;

use confab_tests::{Context, Result};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::PEOPLE;

/// What the days of the script count back from: never later than now, whatever the hour.
const TODAY: &str = "date_trunc('day', now() - interval '9 hours')";

/// A message that was played.
#[derive(Clone, Copy)]
struct Said {
    conversation: i64,
    seq: i64,
    sender: i64,
}

/// The script's people, places and files, and where it has come to.
pub struct Play<'a> {
    connection: &'a mut PgConnection,
    people: HashMap<&'static str, i64>,
    places: HashMap<String, i64>,
    files: HashMap<String, String>,
    /// What the lines below it are about.
    last: Option<Said>,
    /// The last message of each conversation: what a reply answers.
    last_there: HashMap<i64, Said>,
}

/// The file that a text begins with, as in `[file.jpg] text`.
pub fn file_and_text(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once("] ")
}

impl<'a> Play<'a> {
    pub fn new(
        connection: &'a mut PgConnection,
        people: HashMap<&'static str, i64>,
        places: HashMap<String, i64>,
        files: HashMap<String, String>,
    ) -> Self {
        Self {
            connection,
            people,
            places,
            files,
            last: None,
            last_there: HashMap::new(),
        }
    }

    pub async fn line(&mut self, line: &str) -> Result<()> {
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
        let (file, text) =
            file_and_text(text).map_or((None, text), |(file, text)| (Some(file), text));
        let conversation = self.place(place).await?;
        let sender = *self.people.get(sender).context("nobody is called so")?;
        let mentions: Vec<&str> = PEOPLE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| text.contains(&format!("@{name}")))
            .collect();
        let answered = self.last_there.get(&conversation).filter(|_| reply);
        let extra = serde_json::json!({
            "mentions": mentions,
            "reply_to": answered.map(|last| last.seq),
            "attachments": Vec::from_iter(file.and_then(|file| self.files.get(file))),
        });
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
        let seq = seq.with_context(|| format!("the send came to {outcome}"))?;
        let dated = format!(
            "UPDATE messages SET created_at = {TODAY} - make_interval(days => $3) + $4::text::interval
             WHERE conversation_id = $1 AND seq = $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(dated))
            .bind(conversation)
            .bind(seq)
            .bind(days_ago)
            .bind(clock)
            .execute(&mut *self.connection)
            .await?;
        let said = Said {
            conversation,
            seq,
            sender,
        };
        self.last = Some(said);
        self.last_there.insert(conversation, said);
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

    /// Dates everything by its messages; all is read, but by Ada only until yesterday noon.
    pub async fn finish(self) -> Result<()> {
        let places: Vec<i64> = self.places.into_values().collect();
        let unread = format!(
            "UPDATE members m SET last_read_seq = (
                 SELECT coalesce(max(s.seq), 0) FROM messages s
                 WHERE s.conversation_id = m.conversation_id
                   AND (s.created_at < {TODAY} - interval '12 hours' OR s.sender_id = m.user_id))
             FROM users u WHERE u.id = m.user_id AND u.name = 'ada' AND m.conversation_id = ANY ($1)"
        );
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
            &unread,
        ] {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&places);
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}
