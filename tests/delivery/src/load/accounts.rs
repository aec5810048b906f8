//! The people of a load: signs them up, or in. Does I/O.

use std::sync::Arc;

use anyhow::{Context, Error, Result, ensure};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::site::{Session, Site};
use crate::page;

/// Concurrent sign-ups: each hashes a password.
const SIGN_UPS: usize = 4;

/// A person who is logged in.
#[derive(Debug)]
pub(super) struct Person {
    pub name: String,
    pub user: i64,
    pub session: Session,
}

/// Logs in so many people with these accounts, or signs them up if there are no accounts.
pub(super) async fn enter(
    site: &Arc<Site>,
    accounts: &[(String, String)],
    count: usize,
) -> Result<Vec<Person>> {
    ensure!(
        accounts.is_empty() || accounts.len() >= count,
        "{} accounts were given; {count} are needed",
        accounts.len()
    );
    let permits = Arc::new(Semaphore::new(SIGN_UPS));
    let mut entering = JoinSet::new();
    let run = &Uuid::new_v4().simple().to_string()[..8];
    // Nobody else can log in to the accounts that stay.
    let password = Uuid::new_v4().to_string();
    for number in 0..count {
        let existing = accounts.get(number).cloned();
        let new = (format!("check-{run}-{number}"), password.clone());
        let (site, permits) = (site.clone(), permits.clone());
        entering.spawn(async move {
            let _permit = permits.acquire().await?;
            let path = match existing {
                Some(_) => "/login",
                None => "/register",
            };
            let (name, password) = existing.unwrap_or(new);
            let session = site.enter(number, path, &name, &password).await?;
            let user = whoami(&site, number, &session).await?;
            let person = Person {
                name,
                user,
                session,
            };
            Ok::<_, Error>((number, person))
        });
    }
    let mut people = Vec::new();
    while let Some(entered) = entering.join_next().await {
        people.push(entered??);
    }
    people.sort_by_key(|(number, _)| *number);
    Ok(people.into_iter().map(|(_, person)| person).collect())
}

async fn whoami(site: &Site, at: usize, session: &Session) -> Result<i64> {
    let reply = site.get(at, session, "/c").await?;
    page::viewer(&reply.body).with_context(|| {
        let status = reply.status;
        format!("/c was answered {status}, without the page of a signed-in user")
    })
}
