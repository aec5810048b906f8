//! Prepares a load: accounts, conversations, and the first entries of the journal. Does I/O.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::accounts::{Person, enter};
use super::plan::Plan;
use super::recorder::Recorder;
use super::room::Room;
use super::shared::Shared;
use super::site::Site;
use crate::journal::{self, Conversation, ConversationKind, Entry, Run, VERSION};
use crate::page;

/// Records of a conversation with more members do not name the recipients.
const LARGE: usize = 64;
const KINDS: [ConversationKind; 4] = [
    ConversationKind::Group,
    ConversationKind::Private,
    ConversationKind::Public,
    ConversationKind::Direct,
];

/// Signs people up or in, creates the conversations, and records their initial state.
pub(super) async fn prepare(plan: Plan) -> Result<Arc<Shared>> {
    ensure!(
        plan.people >= 4,
        "at least four people are needed, not {}",
        plan.people
    );
    ensure!(
        plan.rate.is_normal() && plan.rate.is_sign_positive(),
        "the rate must be more than 0 messages per second"
    );
    let site = Arc::new(Site::new(&plan.urls)?);
    let passive = if plan.large_room {
        (LARGE + 1).saturating_sub(plan.people)
    } else {
        0
    };
    let mut people = enter(&site, &plan.accounts, plan.people + passive).await?;
    let passive = people.split_off(plan.people);
    let recorder = Recorder::new();
    recorder.push(Entry::Run(run_entry(&plan)?));
    recorder.extend(people.iter().enumerate().map(|(number, person)| {
        Entry::Person(journal::Person {
            person: number as u32,
            name: person.name.clone(),
            user: person.user,
        })
    }));
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let kinds = KINDS.into_iter().cycle().take(plan.conversations);
    let kinds = kinds.map(|kind| (kind, &passive[..0]));
    let large = plan
        .large_room
        .then_some((ConversationKind::Public, &passive[..]));
    let mut rooms = Vec::new();
    for (kind, passive) in kinds.chain(large) {
        let room = draw(&people, kind, &mut rng);
        let room = create(&site, &people, passive, room).await?;
        recorder.push(initial_state(&site, &people, &room).await?);
        rooms.push(room);
    }
    let shared = Shared::new(plan, site, recorder, people, rooms);
    shared.recorder.extend(shared.tabs().map(Entry::Tab));
    Ok(Arc::new(shared))
}

fn run_entry(plan: &Plan) -> Result<Run> {
    let began = OffsetDateTime::now_utc().truncate_to_second();
    Ok(Run {
        version: VERSION,
        began: began.format(&Rfc3339)?,
        urls: plan.urls.clone(),
        seed: plan.seed,
        rate: plan.rate,
        bounds: plan.bounds,
    })
}

/// Draws the members of a conversation. A third of them will be removed and added again, but not the owner.
fn draw(people: &[Person], kind: ConversationKind, rng: &mut fastrand::Rng) -> Room {
    let mut order: Vec<u32> = (0..people.len() as u32).collect();
    rng.shuffle(&mut order);
    order.truncate(match kind {
        ConversationKind::Direct => 2,
        ConversationKind::Group | ConversationKind::Private => 4.max(people.len() / 3),
        ConversationKind::Public => people.len().div_ceil(2),
    });
    let churning = match kind {
        ConversationKind::Direct => 0,
        _ => order.len() / 3,
    };
    let churning = order.split_off(order.len() - churning);
    Room {
        id: 0,
        kind,
        owner: order[0],
        members: order.iter().chain(&churning).copied().collect(),
        permanent: order,
        churning,
        targets: VecDeque::new(),
        pinned: VecDeque::new(),
    }
}

/// Creates a conversation in the chat, with these `passive` members in addition.
async fn create(site: &Site, people: &[Person], passive: &[Person], room: Room) -> Result<Room> {
    let owner = &people[room.owner as usize];
    let others = room.members.iter().filter(|&&person| person != room.owner);
    let others = others.map(|&person| &people[person as usize]);
    let reply = match form_kind(room.kind) {
        None => {
            let other = others.map(|person| person.user.to_string()).next();
            let other = other.context("a direct conversation has two members")?;
            site.post(0, &owner.session, "/c", &[("user", &other)])
                .await?
        }
        Some(kind) => {
            let names: Vec<&str> = others
                .chain(passive)
                .map(|person| person.name.as_str())
                .collect();
            let names = names.join(",");
            let form = [
                ("kind", kind),
                ("title", "A delivery check"),
                ("people", &names),
            ];
            site.post(0, &owner.session, "/rooms", &form).await?
        }
    };
    let id = reply.conversation().with_context(|| {
        let (status, body) = (reply.status, &reply.body);
        format!("the chat created no conversation: {status} {body}")
    })?;
    Ok(Room { id, ..room })
}

/// The value of `kind` in the form that creates a room; none for a direct conversation.
fn form_kind(kind: ConversationKind) -> Option<&'static str> {
    match kind {
        ConversationKind::Direct => None,
        ConversationKind::Group => Some("group"),
        ConversationKind::Private => Some("private"),
        ConversationKind::Public => Some("public"),
    }
}

/// The state of a conversation before anything is sent.
async fn initial_state(site: &Site, people: &[Person], room: &Room) -> Result<Entry> {
    let owner = &people[room.owner as usize];
    let path = format!("/c/{}", room.id);
    let reply = site.get(0, &owner.session, &path).await?;
    let page = page::parse(&reply.body).context("a new conversation has no page")?;
    Ok(Entry::Conversation(Conversation {
        conversation: room.id,
        kind: room.kind,
        owner: room.owner,
        members: room.members.iter().copied().collect(),
        rev: page.rev,
        seq: page.seq,
    }))
}
