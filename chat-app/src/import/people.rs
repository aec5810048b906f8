//! The people and programs of an export as accounts. Does I/O (PostgreSQL).
//!
//! Each is an account without a password, unless the mapping names an existing account: nobody is taken for someone else because
//! of a name or an e-mail address, which would open their conversations to the wrong person.

use std::collections::{HashMap, HashSet};

use super::mapping::Mapping;
use super::names::{display_name, login_names};
use super::report::Report;
use super::slack::User;
use super::{Database, Error};
use crate::domain::UserId;
use crate::store::import::{self as store, NewAccount};
use crate::store::lookalikes;

/// Stands for the workspace: for messages of nobody, and for what the import itself says.
const WORKSPACE: &str = "workspace";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) id: UserId,
    /// The login name.
    pub(super) name: String,
}

pub(super) struct People {
    source: String,
    /// By their ids in the export.
    accounts: HashMap<String, Account>,
    /// The ids of those in `users.json`.
    listed: HashSet<String>,
    /// How many of them are names that programs gave themselves.
    pub(super) aliases: usize,
    /// The names that a dry run would have given.
    given: HashSet<String>,
}

/// A person or a program who needs an account.
struct Newcomer<'a> {
    id: &'a str,
    login: &'a str,
    names: &'a [&'a str],
    disabled: bool,
}

impl People {
    /// Those whom earlier runs have brought.
    pub(super) async fn load(database: &mut Database, source: &str) -> Result<Self, Error> {
        let known = store::accounts(&mut database.connection, source).await?;
        let accounts: HashMap<_, _> = known
            .into_iter()
            .map(|(source_id, id, name)| (source_id, Account { id, name }))
            .collect();
        Ok(Self {
            source: source.to_owned(),
            aliases: accounts
                .keys()
                .filter(|id| id.starts_with("alias:"))
                .count(),
            accounts,
            listed: HashSet::new(),
            given: HashSet::new(),
        })
    }

    pub(super) fn get(&self, id: &str) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// A person in `users.json`, to whom a text may refer. Accounts of others appear as the import finds them, which a text must
    /// not depend on: after an interruption there are more of them.
    pub(super) fn listed(&self, id: &str) -> Option<&Account> {
        self.get(id).filter(|_| self.listed.contains(id))
    }

    /// Brings the people of `users.json`.
    pub(super) async fn bring(
        &mut self,
        database: &mut Database,
        users: &[User],
        mapping: &Mapping,
        report: &mut Report,
    ) -> Result<(), Error> {
        self.listed.extend(users.iter().map(|user| user.id.clone()));
        for user in users {
            if self.accounts.contains_key(&user.id) {
                continue;
            }
            let profile = &user.profile;
            let names = [
                &profile.display_name,
                &profile.real_name,
                &user.real_name,
                &user.name,
            ];
            let newcomer = Newcomer {
                id: &user.id,
                login: &user.name,
                names: &names.map(String::as_str),
                disabled: user.deleted || user.is_bot,
            };
            match mapping.account(user) {
                Some(name) => match store::named(&mut database.connection, name).await? {
                    Some(id) => self.adopt(database, &user.id, id, name.as_str()).await?,
                    None => drop(
                        self.create(
                            database,
                            &Newcomer {
                                login: name.as_str(),
                                ..newcomer
                            },
                            report,
                        )
                        .await?,
                    ),
                },
                None => drop(self.create(database, &newcomer, report).await?),
            }
            report.imported("people", 1);
        }
        Ok(())
    }

    async fn adopt(
        &mut self,
        database: &mut Database,
        source_id: &str,
        id: UserId,
        name: &str,
    ) -> Result<(), Error> {
        if !database.dry_run {
            store::adopt(&mut database.connection, &self.source, source_id, id).await?;
        }
        let name = name.to_owned();
        self.accounts
            .insert(source_id.to_owned(), Account { id, name });
        Ok(())
    }

    /// Creates an account under the first name that is free and looks like nobody's.
    async fn create(
        &mut self,
        database: &mut Database,
        newcomer: &Newcomer<'_>,
        report: &mut Report,
    ) -> Result<Account, Error> {
        let shown = display_name(newcomer.names);
        let like = match &shown {
            Some(shown) => lookalikes::of_display_name(&database.pool, UserId(0), shown).await?,
            None => None,
        };
        if let Some(other) = &like {
            report.problem(
                "display names look like another person's, and are left out: these people have their login names",
                || format!("{} looks like {other}", shown.as_deref().unwrap_or_default()),
            );
        }
        let shown = shown.filter(|_| like.is_none());
        let source = self.source.clone();
        for (attempt, name) in login_names(newcomer.login, newcomer.id).enumerate() {
            if self.given.contains(name.as_str())
                || lookalikes::of_name(&database.pool, &name).await?.is_some()
            {
                continue;
            }
            let new = NewAccount {
                source: &source,
                source_id: newcomer.id,
                name: &name,
                display_name: shown.as_deref().filter(|shown| *shown != name.as_str()),
                disabled: newcomer.disabled,
            };
            let Some(id) = self.insert(database, &new).await? else {
                continue;
            };
            if attempt > 0 && !newcomer.login.is_empty() {
                report.problem(
                    "people have the login name of another account, or one like it, and get another one: if it is the same person, name them in --people before the import",
                    || format!("{} ({}) becomes {name}", newcomer.login, newcomer.id),
                );
            }
            let account = Account {
                id,
                name: name.as_str().to_owned(),
            };
            self.accounts
                .insert(newcomer.id.to_owned(), account.clone());
            return Ok(account);
        }
        Err(Error::NoName(newcomer.id.to_owned()))
    }

    async fn insert(
        &mut self,
        database: &mut Database,
        new: &NewAccount<'_>,
    ) -> Result<Option<UserId>, Error> {
        if !database.dry_run {
            return Ok(store::create_account(&mut database.connection, new).await?);
        }
        let free = store::named(&mut database.connection, new.name)
            .await?
            .is_none();
        Ok((free && self.given.insert(new.name.as_str().to_owned())).then_some(UserId(0)))
    }

    /// The account of a person, also if `users.json` does not have them.
    pub(super) async fn person(
        &mut self,
        database: &mut Database,
        id: &str,
        names: &[&str],
        report: &mut Report,
    ) -> Result<Account, Error> {
        if let Some(account) = self.accounts.get(id) {
            return Ok(account.clone());
        }
        report.problem(
            "people are not in users.json, and come as accounts that nobody can log in to",
            || id.to_owned(),
        );
        let login = names
            .iter()
            .find(|name| !name.is_empty())
            .copied()
            .unwrap_or_default();
        let newcomer = Newcomer {
            id,
            login,
            names,
            disabled: true,
        };
        self.create(database, &newcomer, report).await
    }

    /// The account of a program.
    pub(super) async fn program(
        &mut self,
        database: &mut Database,
        id: &str,
        name: &str,
        report: &mut Report,
    ) -> Result<Account, Error> {
        if let Some(account) = self.accounts.get(id) {
            return Ok(account.clone());
        }
        report.imported("programs, as accounts that nobody can log in to", 1);
        let newcomer = Newcomer {
            id,
            login: name,
            names: &[name],
            disabled: true,
        };
        self.create(database, &newcomer, report).await
    }

    /// The account that stands for the workspace.
    pub(super) async fn workspace(
        &mut self,
        database: &mut Database,
        report: &mut Report,
    ) -> Result<Account, Error> {
        if let Some(account) = self.accounts.get(WORKSPACE) {
            return Ok(account.clone());
        }
        let newcomer = Newcomer {
            id: WORKSPACE,
            login: "slack",
            names: &["Slack"],
            disabled: true,
        };
        self.create(database, &newcomer, report).await
    }
}

#[cfg(test)]
impl People {
    pub(super) fn of_test(people: &[(&str, UserId, &str)]) -> Self {
        let account = |&(id, user, name): &(&str, UserId, &str)| {
            let name = name.to_owned();
            (id.to_owned(), Account { id: user, name })
        };
        Self {
            source: "slack/T1".to_owned(),
            accounts: people.iter().map(account).collect(),
            listed: people.iter().map(|(id, ..)| (*id).to_owned()).collect(),
            aliases: 0,
            given: HashSet::new(),
        }
    }
}
