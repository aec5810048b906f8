//! Who a message of an export is from. Does I/O (PostgreSQL), for those who need an account.

use super::people::{Account, People};
use super::report::Report;
use super::slack::Message;
use super::{Database, Error};

/// Programs may call themselves differently with each message. Beyond this many names, the name stands in the message.
const MAX_ALIASES: usize = 200;

pub(super) struct Author {
    pub(super) account: Account,
    /// What a program calls itself, if that is not the account's name.
    pub(super) alias: Option<String>,
}

impl People {
    pub(super) async fn author(
        &mut self,
        database: &mut Database,
        message: &Message,
        report: &mut Report,
    ) -> Result<Author, Error> {
        let by_program = !message.bot_id.is_empty() || message.subtype == "bot_message";
        let mut alias = None;
        if !message.username.is_empty() && (by_program || message.user.is_empty()) {
            let id = format!("alias:{}", message.username);
            if self.get(&id).is_some() || self.aliases < MAX_ALIASES {
                self.aliases += usize::from(self.get(&id).is_none());
                let account = self
                    .program(database, &id, &message.username, report)
                    .await?;
                return Ok(Author { account, alias });
            }
            alias = Some(message.username.clone());
        }
        let profile = &message.user_profile;
        let account = if !message.user.is_empty() {
            let names = [&profile.display_name, &profile.real_name, &profile.name];
            let names = names.map(String::as_str);
            self.person(database, &message.user, &names, report).await?
        } else if !message.bot_id.is_empty() {
            let name = message.bot_profile.name.as_str();
            self.program(database, &message.bot_id, name, report)
                .await?
        } else {
            self.workspace(database, report).await?
        };
        Ok(Author { account, alias })
    }
}
