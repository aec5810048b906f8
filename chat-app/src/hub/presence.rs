//! Who is connected, here and on the other replicas, and whom that is told. Pure: the clock is given.
//!
//! Each replica tells the others who is on it: everybody every [`BEAT`], in between what has changed. What it said holds
//! for [`EXPIRY`], so that nobody is hidden by a lost record, and the people of a replica that died go by themselves.

mod census;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;

pub use self::census::Census;
use self::census::People;
use crate::domain::UserId;

/// How often a replica tells of all its people.
const BEAT: Duration = Duration::from_secs(10);
/// How long that holds: 15 s of grace beyond the next.
const EXPIRY: Duration = Duration::from_secs(25);
/// How long somebody whose last socket has closed is still there: going from page to page is no absence.
pub const LINGER: Duration = Duration::from_secs(5);
/// People that one socket may watch.
pub const WATCHED: usize = 100;
/// People that one replica tells of, some 200 KB in a record; who comes after them neither shares nor sees.
const PEOPLE: usize = 20_000;
/// Replicas that are listened to.
const REPLICAS: usize = 1_000;

/// A socket of this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Somewhere they look at a page, or did minutes ago.
    Online,
    /// All their pages have been hidden for a while.
    Away,
    /// Not connected, or not for others to know.
    Offline,
}

/// What is known of everybody's presence.
#[derive(Default)]
pub struct Presence {
    /// This replica's name: its own records tell it nothing.
    name: String,
    sockets: HashMap<SocketId, Socket>,
    people: HashMap<UserId, Person>,
    told: People,
    next_beat: Option<Instant>,
    replicas: HashMap<String, Replica>,
    watched: HashMap<UserId, Watched>,
    /// People on somebody's screen who may have changed.
    touched: HashSet<UserId>,
    /// Who has just been hidden from a socket that watched them.
    hidden: Vec<(SocketId, UserId)>,
    closed: bool,
}

struct Socket {
    user: UserId,
    away: bool,
    watches: Vec<UserId>,
    /// Who is hidden from it: one of the two has blocked the other.
    hidden: HashSet<UserId>,
}

/// Somebody of this replica.
#[derive(Default)]
struct Person {
    sockets: HashSet<SocketId>,
    away: bool,
    /// Until when they are there without a socket.
    until: Option<Instant>,
}

struct Replica {
    until: Instant,
    people: People,
}

/// Somebody on a screen: what was last told, and to whom.
struct Watched {
    status: Status,
    by: HashSet<SocketId>,
}

impl Presence {
    /// Says which replica this is.
    pub fn call(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// A socket of somebody who shares their presence.
    pub fn enter(&mut self, socket: SocketId, user: UserId) {
        let full = self.people.len() >= PEOPLE && !self.people.contains_key(&user);
        if full || self.sockets.contains_key(&socket) {
            return;
        }
        self.sockets.insert(
            socket,
            Socket {
                user,
                away: false,
                watches: Vec::new(),
                hidden: HashSet::new(),
            },
        );
        let person = self.people.entry(user).or_default();
        person.sockets.insert(socket);
        person.until = None;
        self.settle(user);
    }

    /// The socket closed, or its person shares no more; they stay until then unless another is open.
    pub fn leave(&mut self, socket: SocketId, until: Instant) {
        let Some(gone) = self.sockets.remove(&socket) else {
            return;
        };
        self.unwatch(socket, &gone.watches);
        if let Some(person) = self.people.get_mut(&gone.user) {
            person.sockets.remove(&socket);
            if person.sockets.is_empty() {
                person.until = Some(until);
            }
        }
        self.settle(gone.user);
    }

    /// The socket's page has been hidden for a while, or is looked at again.
    pub fn away(&mut self, socket: SocketId, away: bool) {
        if let Some(known) = self.sockets.get_mut(&socket) {
            known.away = away;
            let user = known.user;
            self.settle(user);
        }
    }

    /// Who is hidden from the socket from now on; whom of them it watched is offline to it.
    pub fn hide(&mut self, socket: SocketId, hidden: HashSet<UserId>) {
        let Some(known) = self.sockets.get_mut(&socket) else {
            return;
        };
        let gone = known.watches.extract_if(.., |user| hidden.contains(user));
        let gone: Vec<UserId> = gone.collect();
        known.hidden = hidden;
        self.unwatch(socket, &gone);
        self.hidden
            .extend(gone.into_iter().map(|user| (socket, user)));
    }

    /// Whom the socket has on screen from now on, at most [`WATCHED`]; how they are. Who doesn't share sees nobody.
    pub fn watch(&mut self, socket: SocketId, users: Vec<UserId>) -> Vec<(UserId, Status)> {
        let Some(known) = self.sockets.get_mut(&socket) else {
            return Vec::new();
        };
        let hidden = |user: &UserId| known.hidden.contains(user);
        let (hidden, users): (Vec<_>, Vec<_>) = users.into_iter().partition(hidden);
        let before = std::mem::replace(&mut known.watches, users.clone());
        self.unwatch(socket, &before);
        let offline = |user| (user, Status::Offline);
        let mut statuses: Vec<_> = hidden.into_iter().map(offline).collect();
        for user in users {
            let status = self.status(user);
            let by = HashSet::new();
            let watched = self.watched.entry(user).or_insert(Watched { status, by });
            watched.by.insert(socket);
            // What the others were told last: a change since then comes to all alike.
            statuses.push((user, watched.status));
        }
        statuses
    }

    /// What another replica says.
    pub fn heard(&mut self, replica: &str, census: &Census, now: Instant) {
        let known = self.replicas.contains_key(replica);
        if replica == self.name || (!known && self.replicas.len() >= REPLICAS) {
            return;
        }
        let mut people = match self.replicas.remove(replica) {
            Some(known) => known.people,
            None => People::new(),
        };
        if census.whole {
            self.touch(people.drain().map(|(user, _)| user));
        }
        for (users, away) in [(&census.online, false), (&census.away, true)] {
            let room = PEOPLE.saturating_sub(people.len());
            people.extend(users.iter().take(room).map(|&user| (user, away)));
        }
        for user in &census.gone {
            people.remove(user);
        }
        let census = [&census.online, &census.away, &census.gone];
        self.touch(census.into_iter().flatten().copied());
        if !people.is_empty() {
            let until = now + EXPIRY;
            let replica = replica.to_owned();
            self.replicas.insert(replica, Replica { until, people });
        }
    }

    /// What to tell the other replicas now, if anything.
    pub fn census(&mut self, now: Instant) -> Option<Census> {
        if self.closed {
            return None;
        }
        self.expire(now);
        let here = self
            .people
            .iter()
            .map(|(&user, person)| (user, person.away));
        let here: People = here.collect();
        let whole = self.next_beat.is_none_or(|at| at <= now);
        if whole {
            self.next_beat = Some(now + BEAT);
        }
        let census = Census::of(&here, if whole { None } else { Some(&self.told) });
        self.told = here;
        (census != Census::default()).then_some(census)
    }

    /// Nobody is here any more; the last that this replica says.
    pub fn close(&mut self) -> Census {
        self.closed = true;
        Census::of(&People::new(), None)
    }

    /// How those have changed whom somebody has on screen, by the socket to tell.
    pub fn news(&mut self, now: Instant) -> HashMap<SocketId, Vec<(UserId, Status)>> {
        self.expire(now);
        let mut news: HashMap<SocketId, Vec<(UserId, Status)>> = HashMap::new();
        for (socket, user) in std::mem::take(&mut self.hidden) {
            news.entry(socket)
                .or_default()
                .push((user, Status::Offline));
        }
        for user in std::mem::take(&mut self.touched) {
            let status = self.status(user);
            let Some(watched) = self.watched.get_mut(&user) else {
                continue;
            };
            if std::mem::replace(&mut watched.status, status) != status {
                for &socket in &watched.by {
                    news.entry(socket).or_default().push((user, status));
                }
            }
        }
        news
    }

    /// How somebody is; who is somewhere at their page is online, whatever the others say.
    fn status(&self, user: UserId) -> Status {
        let here = self.people.get(&user).map(|person| person.away);
        let replicas = self.replicas.values();
        let elsewhere = replicas.filter_map(|replica| replica.people.get(&user).copied());
        match here.into_iter().chain(elsewhere).reduce(|a, b| a && b) {
            None => Status::Offline,
            Some(true) => Status::Away,
            Some(false) => Status::Online,
        }
    }

    /// Somebody's sockets have changed. Who has none is as they were.
    fn settle(&mut self, user: UserId) {
        if let Some(person) = self.people.get_mut(&user)
            && !person.sockets.is_empty()
        {
            let sockets = &self.sockets;
            let mut away = person.sockets.iter().filter_map(|id| sockets.get(id));
            person.away = away.all(|socket| socket.away);
        }
        self.touch([user]);
    }

    fn expire(&mut self, now: Instant) {
        let over = |person: &Person| person.until.is_some_and(|until| until <= now);
        let mut gone: Vec<UserId> = Vec::new();
        gone.extend(
            self.people
                .extract_if(|_, person| over(person))
                .map(|(user, _)| user),
        );
        for (_, replica) in self.replicas.extract_if(|_, replica| replica.until <= now) {
            gone.extend(replica.people.into_keys());
        }
        self.touch(gone);
    }

    fn touch(&mut self, users: impl IntoIterator<Item = UserId>) {
        let watched = users
            .into_iter()
            .filter(|user| self.watched.contains_key(user));
        self.touched.extend(watched);
    }

    fn unwatch(&mut self, socket: SocketId, users: &[UserId]) {
        for user in users {
            if let Some(watched) = self.watched.get_mut(user) {
                watched.by.remove(&socket);
                if watched.by.is_empty() {
                    self.watched.remove(user);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const ONE: SocketId = SocketId(1);
    const TWO: SocketId = SocketId(2);
    const THREE: SocketId = SocketId(3);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// A replica where Bob watches Ada.
    fn watching() -> Presence {
        let mut presence = Presence::default();
        presence.call("here");
        presence.enter(THREE, BOB);
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Offline)]);
        presence
    }

    fn told(presence: &mut Presence, now: Instant) -> Option<Status> {
        let news = presence.news(now);
        news.get(&THREE).map(|news| news[0].1)
    }

    fn all(online: &[UserId]) -> Census {
        Census {
            whole: true,
            online: online.to_vec(),
            ..Census::default()
        }
    }

    #[test]
    fn who_connects_is_online_and_who_goes_from_page_to_page_stays() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        assert_eq!(told(&mut presence, now), Some(Status::Online));
        presence.leave(ONE, now + LINGER);
        assert_eq!(told(&mut presence, now + seconds(1)), None);
        presence.enter(TWO, ADA);
        assert_eq!(told(&mut presence, now + seconds(60)), None);
        presence.leave(TWO, now + seconds(60) + LINGER);
        let later = now + seconds(60) + LINGER;
        assert_eq!(told(&mut presence, later), Some(Status::Offline));
    }

    #[test]
    fn away_is_who_looks_at_none_of_their_pages() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        presence.enter(TWO, ADA);
        presence.away(ONE, true);
        assert_eq!(told(&mut presence, now), Some(Status::Online));
        presence.away(TWO, true);
        assert_eq!(told(&mut presence, now), Some(Status::Away));
        presence.heard("there", &all(&[ADA]), now);
        assert_eq!(told(&mut presence, now), Some(Status::Online));
    }

    #[test]
    fn whoever_is_hidden_is_offline_at_once_and_until_they_are_shown_again() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        assert_eq!(told(&mut presence, now), Some(Status::Online));
        presence.hide(THREE, HashSet::from([ADA]));
        assert_eq!(told(&mut presence, now), Some(Status::Offline));
        presence.away(ONE, true);
        assert_eq!(told(&mut presence, now), None);
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Offline)]);
        presence.hide(THREE, HashSet::new());
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Away)]);
    }

    #[test]
    fn changes_within_a_second_that_come_to_nothing_are_not_told() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        presence.leave(ONE, now);
        assert_eq!(told(&mut presence, now), None);
    }

    #[test]
    fn what_a_replica_said_holds_until_its_grace_is_over() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.heard("there", &all(&[ADA]), now);
        assert_eq!(told(&mut presence, now + seconds(24)), Some(Status::Online));
        presence.heard("there", &all(&[ADA]), now + seconds(24));
        assert_eq!(told(&mut presence, now + seconds(48)), None);
        assert_eq!(
            told(&mut presence, now + seconds(49)),
            Some(Status::Offline)
        );
    }

    #[test]
    fn a_replica_that_says_goodbye_takes_its_people_along() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.heard("there", &all(&[ADA]), now);
        assert_eq!(told(&mut presence, now), Some(Status::Online));
        let mut there = Presence::default();
        there.enter(ONE, ADA);
        presence.heard("there", &there.close(), now);
        assert_eq!(told(&mut presence, now), Some(Status::Offline));
        assert_eq!(there.census(now), None, "nothing comes after it");
    }

    #[test]
    fn a_replica_tells_all_now_and_then_and_what_changed_in_between() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.enter(ONE, ADA);
        assert_eq!(presence.census(now), Some(all(&[ADA])));
        assert_eq!(presence.census(now + seconds(1)), None);
        presence.enter(TWO, BOB);
        presence.leave(ONE, now + seconds(2));
        let changed = Census {
            online: vec![BOB],
            gone: vec![ADA],
            ..Census::default()
        };
        assert_eq!(presence.census(now + seconds(2)), Some(changed));
        assert_eq!(presence.census(now + seconds(10)), Some(all(&[BOB])));
    }

    #[test]
    fn changes_that_another_replica_tells_apply_to_what_it_said() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.heard("there", &all(&[ADA]), now);
        presence.news(now);
        let away = Census {
            away: vec![ADA],
            ..Census::default()
        };
        presence.heard("there", &away, now);
        assert_eq!(told(&mut presence, now), Some(Status::Away));
        let gone = Census {
            gone: vec![ADA],
            ..Census::default()
        };
        presence.heard("there", &gone, now);
        assert_eq!(told(&mut presence, now), Some(Status::Offline));
    }

    #[test]
    fn ones_own_records_tell_nothing() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.heard("here", &all(&[ADA]), now);
        assert_eq!(told(&mut presence, now), None);
    }

    #[test]
    fn who_does_not_share_sees_nobody() {
        let mut presence = watching();
        presence.enter(ONE, ADA);
        assert!(presence.watch(TWO, vec![ADA]).is_empty());
    }

    #[test]
    fn nothing_is_kept_of_a_socket_that_is_gone() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.leave(THREE, now);
        presence.enter(ONE, ADA);
        assert!(presence.news(now).is_empty());
        presence.leave(ONE, now);
        presence.news(now);
        assert!(presence.sockets.is_empty() && presence.people.is_empty());
        assert!(presence.watched.is_empty() && presence.touched.is_empty());
    }
}
