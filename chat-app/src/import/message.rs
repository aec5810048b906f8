//! One message of an export: its text, files, reactions and pin, and its place. Does I/O (files, PostgreSQL, S3).

use std::collections::HashSet;

use uuid::Uuid;

use super::attachments::Owner;
use super::author::Author;
use super::conversation::Coming;
use super::emoji::emoji;
use super::slack::{Message, Pin, Ts};
use super::text::{Body, Names};
use super::{Error, Importer, uuid_of};
use crate::domain::UserId;
use crate::store::import::rows::Value;

/// What the schema allows for a message.
const MAX_REACTIONS: usize = 20;
/// How often the log reports the progress, in messages.
const PROGRESS: i64 = 100_000;

/// A message as the chat stores it.
struct Post {
    sender: UserId,
    client_id: Uuid,
    at: Ts,
    edited: Option<Ts>,
    /// It is a tombstone, and has nothing of what follows.
    deleted: bool,
    body: Body,
    reply_to: Option<i64>,
    reactions: Vec<(&'static str, UserId)>,
    /// Who pinned it, and when.
    pin: Option<(UserId, Ts)>,
    files: Vec<Uuid>,
}

impl Importer {
    /// Adds a message, unless it is empty.
    pub(super) async fn post(
        &mut self,
        coming: &mut Coming<'_>,
        mut message: Message,
        author: &Author,
    ) -> Result<(), Error> {
        let at = format!("{} {}", coming.name, message.ts);
        let deleted = message.subtype == "tombstone";
        if deleted {
            message.text.clear();
            message.attachments.clear();
            message.files.clear();
            message.reactions.clear();
            message.edited = None;
        }
        let client_id = uuid_of(&format!("{}/{}/{}", self.source, coming.id, message.ts));
        let owner = Owner {
            conversation: coming.progress.conversation,
            account: author.account.id,
            message: client_id,
            at: &at,
        };
        let (files, missing) = self
            .attachments
            .store(&owner, &message.files, &mut self.report)
            .await?;
        let names = Names {
            people: &self.people,
            channels: &self.channels,
        };
        let body = names.body(
            &message,
            author.alias.as_deref().filter(|_| !deleted),
            &missing,
        );
        if body.markdown.is_empty() && files.is_empty() && !deleted {
            self.report.problem(
                "messages have neither text nor files, and are left out",
                || at,
            );
            return Ok(());
        }
        if body.is_cut {
            self.report.problem(
                "messages are longer than 64 KiB, and come without their ends",
                || at.clone(),
            );
        }
        let post = Post {
            sender: author.account.id,
            client_id,
            at: message.ts,
            edited: message
                .edited
                .as_ref()
                .map(|edited| edited.ts.unwrap_or(message.ts)),
            deleted,
            body,
            reply_to: self.reply_to(coming, &message),
            reactions: self.reactions(&message, &at).await?,
            pin: match coming.pins.get(&message.ts.0).filter(|_| !deleted) {
                Some(pin) => Some(self.pin(pin, author).await?),
                None => None,
            },
            files,
        };
        coming.push(&post);
        self.count(coming, &post);
        Ok(())
    }

    fn count(&mut self, coming: &Coming<'_>, post: &Post) {
        self.report.imported("messages", 1);
        for (what, count) in [
            (
                "of them replies in threads",
                usize::from(post.reply_to.is_some()),
            ),
            ("reactions", post.reactions.len()),
            ("pins", usize::from(post.pin.is_some())),
            ("files", post.files.len()),
        ] {
            if count > 0 {
                self.report.imported(what, count as u64);
            }
        }
        let messages = coming.progress.last_seq;
        if messages % PROGRESS == 0 {
            tracing::info!(
                conversation = coming.name,
                messages,
                "importing a conversation"
            );
        }
    }

    /// The reactions to a message, each once.
    async fn reactions(
        &mut self,
        message: &Message,
        at: &str,
    ) -> Result<Vec<(&'static str, UserId)>, Error> {
        let (mut found, mut kinds, mut known) = (Vec::new(), HashSet::new(), HashSet::new());
        for reaction in &message.reactions {
            let Some(emoji) = emoji(&reaction.name) else {
                self.report.problem(
                    "reactions are emoji of the workspace's own, which this chat does not have, and are left out",
                    || format!("{at} :{}:", reaction.name),
                );
                continue;
            };
            if !kinds.contains(emoji) && kinds.len() >= MAX_REACTIONS {
                self.report.problem(
                    "messages have more than 20 different reactions, and keep the first 20",
                    || at.to_owned(),
                );
                break;
            }
            kinds.insert(emoji);
            for user in &reaction.users {
                let account = self
                    .people
                    .person(&mut self.database, user, &[], &mut self.report)
                    .await?;
                // By name, because a dry run has no ids.
                if known.insert((emoji, account.name)) {
                    found.push((emoji, account.id));
                }
            }
        }
        Ok(found)
    }

    /// Who pinned a message, and when. The author counts as who did where the export does not say.
    async fn pin(&mut self, pin: &Pin, author: &Author) -> Result<(UserId, Ts), Error> {
        if pin.user.is_empty() {
            return Ok((author.account.id, pin.at()));
        }
        let account = self
            .people
            .person(&mut self.database, &pin.user, &[], &mut self.report)
            .await?;
        Ok((account.id, pin.at()))
    }

    /// The place of the message that the thread of this one began with.
    fn reply_to(&mut self, coming: &Coming<'_>, message: &Message) -> Option<i64> {
        let root = message.thread_ts.filter(|root| *root != message.ts)?;
        let found = coming.places.binary_search_by_key(&root.0, |(at, _)| *at);
        if found.is_err() {
            self.report.problem(
                "replies belong to a message that is not in the export, and come as ordinary messages",
                || format!("{} {}", coming.name, message.ts),
            );
        }
        found.ok().map(|at| coming.places[at].1)
    }
}

impl Coming<'_> {
    fn push(&mut self, post: &Post) {
        let changed = post.deleted
            || post.edited.is_some()
            || !post.reactions.is_empty()
            || post.pin.is_some();
        let progress = &mut self.progress;
        progress.last_seq += 1;
        // It was sent with one rev, and a later one changed it.
        let sent_rev = progress.rev + 1;
        progress.rev += 1 + i64::from(changed);
        let (conversation, seq, time) = (progress.conversation.0, progress.last_seq, |ts: Ts| {
            Value::Time(ts.0)
        });
        let batch = &mut self.batch;
        batch.messages.push([
            conversation.into(),
            seq.into(),
            progress.rev.into(),
            post.sender.0.into(),
            post.client_id.into(),
            post.body.markdown.as_str().into(),
            time(post.at),
            post.edited.map_or(Value::Null, time),
            if post.deleted {
                time(post.at)
            } else {
                Value::Null
            },
            post.reply_to.into(),
            changed.then_some(sent_rev).into(),
        ]);
        for (n, (emoji, user)) in post.reactions.iter().enumerate() {
            // In the order of the export.
            let at = Value::Time(post.at.0 + n as i64);
            batch.reactions.push([
                conversation.into(),
                seq.into(),
                (*emoji).into(),
                user.0.into(),
                at,
            ]);
        }
        if let Some((user, at)) = post.pin {
            batch
                .pins
                .push([conversation.into(), seq.into(), user.0.into(), time(at)]);
        }
        for user in &post.body.mentions {
            batch
                .mentions
                .push([user.0.into(), conversation.into(), seq.into()]);
        }
        batch
            .attachments
            .extend(post.files.iter().map(|&id| (id, seq)));
        self.places.push((post.at.0, seq));
    }
}
