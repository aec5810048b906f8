//! Plays the script: each line is a message, or a change of the message above it. Does I/O.

use std::collections::HashMap;

use confab_tests::{Context, Result};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::PEOPLE;

/// The day from which the days of the script count back; times of that day are never in the future.
const TODAY: &str = "date_trunc('day', now() - interval '9 hours')";

/// A message that was inserted.
#[derive(Clone, Copy)]
struct Inserted {
    conversation: i64,
    seq: i64,
    sender: i64,
}

/// The people, rooms and files of the script, and its current position.
pub(crate) struct Play<'a> {
    connection: &'a mut PgConnection,
    people: HashMap<&'static str, i64>,
    places: HashMap<String, i64>,
    files: HashMap<String, String>,
    /// The message that the next lines change.
    last: Option<Inserted>,
    /// The last message of each conversation, which a reply answers.
    last_in: HashMap<i64, Inserted>,
}

/// The file at the start of a text, as in `[file.jpg] text`.
pub(crate) fn file_and_text(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once("] ")
}

impl<'a> Play<'a> {
    pub(crate) fn new(
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
            last_in: HashMap::new(),
        }
    }

    pub(crate) async fn line(&mut self, line: &str) -> Result<()> {
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
        let mut next = || words.next().context("the line is too short");
        let (clock, place, sender, text) = (next()?, next()?, next()?, next()?);
        let (reply, text) = text
            .strip_prefix("^ ")
            .map_or((false, text), |text| (true, text));
        let (file, text) =
            file_and_text(text).map_or((None, text), |(file, text)| (Some(file), text));
        let conversation = self.place(place).await?;
        let sender = *self.people.get(sender).context("there is no such person")?;
        let mentions: Vec<&str> = PEOPLE
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| text.contains(&format!("@{name}")))
            .collect();
        let answered = self.last_in.get(&conversation).filter(|_| reply);
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
        let said = Inserted {
            conversation,
            seq,
            sender,
        };
        self.last = Some(said);
        self.last_in.insert(conversation, said);
        Ok(())
    }

    /// A room by its name in the script, or the direct conversation of `ada-bob`.
    async fn place(&mut self, name: &str) -> Result<i64> {
        if let Some(id) = self.places.get(name) {
            return Ok(*id);
        }
        let (one, other) = name.split_once('-').context("there is no such room")?;
        let one = *self.people.get(one).context("there is no such person")?;
        let other = *self.people.get(other).context("there is no such person")?;
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
            let person = self.people.get(name).context("there is no such person")?;
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

    /// Backdates everything to its messages, and marks it as read; for Ada only until yesterday noon.
    pub(crate) async fn finish(self) -> Result<()> {
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
