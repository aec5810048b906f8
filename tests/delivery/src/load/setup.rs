//! Who talks, and where: accounts and conversations. Does I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Plan;
use super::recorder::Recorder;
use super::rooms::Room;
use super::shared::{Person, Shared};
use super::site::{Session, Site};
use crate::journal::{self, Conversation, Entry, Kind, Run, VERSION};
use crate::shown;
use anyhow::{Context, Error, Result, ensure};

/// More members than that, and records name nobody.
const LARGE: usize = 64;
/// Sign-ups at a time: each hashes a password.
const SIGN_UPS: usize = 4;

/// Signs people up or in, makes the conversations, and notes where everything stands.
pub(super) async fn prepare(plan: Plan) -> Result<Arc<Shared>> {
    ensure!(
        plan.people >= 4,
        "at least four people are needed, not {}",
        plan.people
    );
    ensure!(
        plan.rate.is_normal() && plan.rate.is_sign_positive(),
        "the rate is messages in a second, more than 0"
    );
    let site = Arc::new(Site::new(&plan.urls)?);
    let extra = if plan.large_room {
        (LARGE + 1).saturating_sub(plan.people)
    } else {
        0
    };
    let mut people = enter(&site, &plan, extra).await?;
    let further = people.split_off(plan.people);
    let recorder = Recorder::new();
    recorder.push(Entry::Run(Run {
        version: VERSION,
        began: OffsetDateTime::now_utc()
            .truncate_to_second()
            .format(&Rfc3339)?,
        urls: plan.urls.clone(),
        seed: plan.seed,
        rate: plan.rate,
        bounds: plan.bounds,
    }));
    recorder.extend(people.iter().enumerate().map(|(number, person)| {
        Entry::Person(journal::Person {
            person: number as u32,
            name: person.name.clone(),
            user: person.user,
        })
    }));
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let kinds = [Kind::Group, Kind::Private, Kind::Public, Kind::Direct];
    let kinds = kinds
        .into_iter()
        .cycle()
        .take(plan.conversations)
        .map(|kind| (kind, &further[..0]));
    let large = plan.large_room.then_some((Kind::Public, &further[..]));
    let mut rooms = Vec::new();
    for (kind, further) in kinds.chain(large) {
        let room = make(&site, &people, further, kind, &mut rng).await?;
        recorder.push(note(&site, &people, &room).await?);
        rooms.push(room);
    }
    let shared = Shared::new(plan, site, recorder, people, rooms);
    shared.recorder.extend(shared.tabs().map(Entry::Tab));
    Ok(Arc::new(shared))
}

/// Everybody, in the order of the plan, with those of the large room behind.
async fn enter(site: &Arc<Site>, plan: &Plan, extra: usize) -> Result<Vec<Person>> {
    let permits = Arc::new(Semaphore::new(SIGN_UPS));
    let mut entering = JoinSet::new();
    let run = &Uuid::new_v4().simple().to_string()[..8];
    let password = Uuid::new_v4().to_string();
    ensure!(
        plan.accounts.is_empty() || plan.accounts.len() >= plan.people + extra,
        "{} accounts were given; {} people need {}",
        plan.accounts.len(),
        plan.people,
        plan.people + extra
    );
    for number in 0..plan.people + extra {
        let account = plan.accounts.get(number).cloned();
        let (name, password) = (format!("check-{run}-{number}"), password.clone());
        let (site, permits) = (site.clone(), permits.clone());
        entering.spawn(async move {
            let _permit = permits.acquire().await?;
            let (name, session) = match account {
                Some((name, password)) => {
                    let session = site.sign_in(number, &name, &password).await?;
                    (name, session)
                }
                None => {
                    let session = site.sign_up(number, &name, &password).await?;
                    (name, session)
                }
            };
            let user = whoami(&site, number, &session).await?;
            Ok::<_, Error>((
                number,
                Person {
                    name,
                    user,
                    session,
                },
            ))
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
    shown::me(&reply.body)
        .with_context(|| format!("/c was answered {} with no page of a person", reply.status))
}

/// Makes a conversation; `further` people are in it without taking part.
async fn make(
    site: &Site,
    people: &[Person],
    further: &[Person],
    kind: Kind,
    rng: &mut fastrand::Rng,
) -> Result<Room> {
    let mut order: Vec<u32> = (0..people.len() as u32).collect();
    rng.shuffle(&mut order);
    order.truncate(match kind {
        Kind::Direct => 2,
        Kind::Group | Kind::Private => 4.max(people.len() / 3),
        Kind::Public => people.len().div_ceil(2),
    });
    let keeper = &people[order[0] as usize];
    let others = order[1..]
        .iter()
        .map(|&person| &people[person as usize])
        .chain(further);
    let reply = match kind {
        Kind::Direct => {
            let user = people[order[1] as usize].user.to_string();
            site.post(0, &keeper.session, "/c", &[("user", &user)])
                .await?
        }
        _ => {
            let names: Vec<&str> = others.map(|person| person.name.as_str()).collect();
            let form = [
                (
                    "kind",
                    match kind {
                        Kind::Group => "group",
                        Kind::Private => "private",
                        _ => "public",
                    },
                ),
                ("title", "A delivery check"),
                ("people", &names.join(",")),
            ];
            site.post(0, &keeper.session, "/rooms", &form).await?
        }
    };
    let id = reply.conversation().with_context(|| {
        format!(
            "a conversation was not made: {} {}",
            reply.status, reply.body
        )
    })?;
    // The first one keeps it; a third of the others come and go.
    let restless = if kind == Kind::Direct {
        0
    } else {
        order.len() / 3
    };
    let restless = order.split_off(order.len() - restless);
    Ok(Room {
        id,
        kind,
        keeper: order[0],
        inside: order.iter().chain(&restless).copied().collect(),
        steady: order,
        restless,
        targets: VecDeque::new(),
    })
}

/// Where a conversation stands before anything is sent.
async fn note(site: &Site, people: &[Person], room: &Room) -> Result<Entry> {
    let keeper = &people[room.keeper as usize];
    let reply = site
        .get(0, &keeper.session, &format!("/c/{}", room.id))
        .await?;
    let page = shown::page(&reply.body).context("a conversation that was just made has no page")?;
    Ok(Entry::Conversation(Conversation {
        conversation: room.id,
        kind: room.kind,
        keeper: room.keeper,
        members: room.inside.iter().copied().collect(),
        rev: page.rev,
        seq: page.seq,
    }))
}
