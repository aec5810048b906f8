//! One conversation of an export: its messages in order, in batches, then its members. Does I/O (files, PostgreSQL, S3).

use std::collections::HashMap;

use super::author::Author;
use super::names::visible;
use super::pins;
use super::slack::{self, Message, Pin};
use super::transcript::Transcript;
use super::{Error, Importer};
use crate::domain::{ConversationId, ConversationKind, UserId};
use crate::hooks::mrkdwn;
use crate::store::import::rows::Value;
use crate::store::import::{self as store, Batch, Finished, Progress};

/// The name of the chat that the history comes from, as people know it.
const ORIGIN: &str = "Slack";
/// Files that are not part of a message yet: they count as unsent uploads of their people.
const MAX_WAITING: usize = 10;

/// A conversation while it comes.
pub(super) struct Coming<'a> {
    /// Its name in the report.
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) progress: Progress,
    pub(super) batch: Batch,
    /// Times and places of its messages, for replies.
    pub(super) places: Vec<(i64, i64)>,
    /// By the times of their messages.
    pub(super) pins: HashMap<i64, Pin>,
}

impl Importer {
    /// Brings the conversation, or what is missing of it.
    pub(super) async fn conversation(
        &mut self,
        slack: &slack::Conversation,
        kind: ConversationKind,
    ) -> Result<(), Error> {
        let name = [&slack.name, &slack.id]
            .into_iter()
            .find(|name| !name.is_empty());
        let progress = self.progress(&slack.id).await?;
        let mut coming = Coming {
            name: name.map_or("", String::as_str),
            id: &slack.id,
            places: store::places(&mut self.database.connection, progress.conversation).await?,
            progress,
            batch: Batch::default(),
            pins: pins::of(slack),
        };
        let days = self.archive.days(&[&slack.name, &slack.id]);
        let mut transcript = Transcript::new(days, self.now);
        while let Some(messages) = transcript.next(&mut self.archive, &mut self.report)? {
            for message in messages {
                self.message(&mut coming, message).await?;
            }
        }
        self.flush(&mut coming).await?;
        match coming.progress.finished {
            true => self
                .report
                .imported("conversations that were there already", 1),
            false => self.finish(&coming, slack, kind).await?,
        }
        tracing::info!(
            conversation = coming.name,
            messages = coming.progress.last_seq,
            "imported a conversation"
        );
        Ok(())
    }

    async fn progress(&mut self, id: &str) -> Result<Progress, Error> {
        let connection = &mut self.database.connection;
        if let Some(progress) = store::progress(connection, &self.source, id).await? {
            return Ok(progress);
        }
        let conversation = match self.database.dry_run {
            true => ConversationId(0),
            false => store::begin(connection, &self.source, id).await?,
        };
        Ok(Progress {
            conversation,
            reached: 0,
            rev: 0,
            last_seq: 0,
            finished: false,
        })
    }

    async fn message(&mut self, coming: &mut Coming<'_>, message: Message) -> Result<(), Error> {
        if message.ts.0 <= coming.progress.reached {
            self.report.imported("messages that were there already", 1);
            return Ok(());
        }
        let at = || format!("{} {}", coming.name, message.ts);
        if coming.progress.finished {
            self.report.problem(
                "messages are newer than the import of their conversation, which people use already, and are left out",
                at,
            );
            return Ok(());
        }
        if matches!(
            message.subtype.as_str(),
            "message_changed" | "message_deleted" | "message_replied"
        ) {
            self.report.problem(
                "entries only say that another message changed, and are left out",
                at,
            );
            return Ok(());
        }
        let author = self
            .people
            .author(&mut self.database, &message, &mut self.report)
            .await?;
        let ts = message.ts;
        if !self.notice(coming, &message, &author).await? {
            self.post(coming, message, &author).await?;
        }
        coming.progress.reached = ts.0;
        let Batch {
            messages,
            notices,
            attachments,
            ..
        } = &coming.batch;
        if messages.count + notices.count >= self.batch_size || attachments.len() >= MAX_WAITING {
            self.flush(coming).await?;
        }
        Ok(())
    }

    /// Adds a line about people or the room. False if the message is not about these.
    async fn notice(
        &mut self,
        coming: &mut Coming<'_>,
        message: &Message,
        author: &Author,
    ) -> Result<bool, Error> {
        let plain = |text: &str, chars| visible(&mrkdwn::decoded(text), chars).unwrap_or_default();
        let mut actor = author.account.id;
        let (kind, subject, text) = match message.subtype.as_str() {
            "channel_join" | "group_join" if message.inviter.is_empty() => ("joined", None, None),
            "channel_join" | "group_join" => {
                let id = &message.inviter;
                let inviter = self
                    .people
                    .person(&mut self.database, id, &[], &mut self.report)
                    .await?;
                let subject = std::mem::replace(&mut actor, inviter.id);
                ("added", Some(subject), None)
            }
            "channel_leave" | "group_leave" => ("left", None, None),
            "channel_topic" | "group_topic" => ("topic", None, Some(plain(&message.topic, 250))),
            "channel_name" | "group_name" => ("renamed", None, Some(plain(&message.name, 80))),
            _ => return Ok(false),
        };
        let Progress {
            conversation,
            last_seq,
            ..
        } = coming.progress;
        coming.progress.rev += 1;
        coming.batch.notices.push([
            conversation.0.into(),
            coming.progress.rev.into(),
            last_seq.into(),
            kind.into(),
            actor.0.into(),
            subject.map(|UserId(id)| id).into(),
            text.as_deref().into(),
            Value::Time(message.ts.0),
        ]);
        self.report
            .imported("lines about people who join or leave, names and topics", 1);
        Ok(true)
    }

    async fn flush(&mut self, coming: &mut Coming<'_>) -> Result<(), Error> {
        let batch = std::mem::take(&mut coming.batch);
        let is_new = coming.progress.reached > 0 && !coming.progress.finished;
        if is_new && !self.database.dry_run {
            store::append(&mut self.database.connection, batch, &coming.progress).await?;
        }
        Ok(())
    }

    async fn finish(
        &mut self,
        coming: &Coming<'_>,
        slack: &slack::Conversation,
        kind: ConversationKind,
    ) -> Result<(), Error> {
        if slack.is_archived {
            self.report.problem(
                "channels are archived, and come as rooms that can be written in",
                || coming.name.to_owned(),
            );
        }
        coming.report_pins(slack, &mut self.report);
        self.report.imported("conversations", 1);
        let mut members = Vec::new();
        for id in &slack.members {
            members.push(
                self.people
                    .person(&mut self.database, id, &[], &mut self.report)
                    .await?
                    .id,
            );
        }
        let creator = self.people.get(&slack.creator).map(|account| account.id);
        let owner = creator
            .filter(|id| members.contains(id))
            .or(members.first().copied());
        members.sort_unstable();
        members.dedup();
        if self.database.dry_run {
            return Ok(());
        }
        let plain = |text: &str, chars| visible(&mrkdwn::decoded(text), chars);
        let title = plain(&slack.name, 80).or_else(|| plain(&slack.id, 80));
        let purpose = || plain(&slack.purpose.value, 250);
        let finished = Finished {
            conversation: coming.progress.conversation,
            kind,
            title: title.as_deref().filter(|_| kind.is_room()),
            topic: &plain(&slack.topic.value, 250)
                .or_else(purpose)
                .unwrap_or_default(),
            members: &members,
            owner: owner.filter(|_| kind.is_room()),
            origin: (self.workspace, ORIGIN),
        };
        store::finish(&mut self.database.connection, &finished).await?;
        Ok(())
    }
}
