//! Who is online, on this replica and on the others, and which sockets see it. Pure: callers pass the time.
//!
//! Each replica publishes a census of its users: all of them every [`CENSUS_INTERVAL`], the changes in between. A census
//! is valid for [`EXPIRY`], so that a lost record hides nobody, and the users of a replica that crashed expire.
//!
//! The hub owns one [`Presence`], behind its lock. A socket is in it while its user shares their presence; a user leaves
//! it some seconds after their last socket, another replica when its census has expired.

pub(crate) mod broadcast;
mod census;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::Serialize;

use self::census::{Users, census};
use crate::domain::UserId;
use crate::signal::Census;

/// How often a replica publishes all its users.
const CENSUS_INTERVAL: Duration = Duration::from_secs(10);
/// How long a census is valid: 15 s longer than until the next.
const EXPIRY: Duration = Duration::from_secs(25);
/// How long a user stays online after their last socket has closed: loading another page is no absence.
pub(crate) const LINGER: Duration = Duration::from_secs(5);
/// The most users that a socket may watch.
pub(crate) const MAX_WATCHED: usize = 100;
/// The most users in the census of a replica, some 200 KB in a record. Users beyond that neither share nor see.
const MAX_USERS: usize = 20_000;
/// The most replicas whose census is kept.
const MAX_REPLICAS: usize = 1_000;

/// A socket of this replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// At least one of their pages is visible, or was minutes ago.
    Online,
    /// All their pages have been hidden for a while.
    Away,
    /// Not connected, or not sharing.
    Offline,
}

/// The presence of all users.
#[derive(Default)]
pub(crate) struct Presence {
    /// This replica's name: its own records are ignored.
    name: String,
    sockets: HashMap<SocketId, Socket>,
    users: HashMap<UserId, LocalUser>,
    published: Users,
    next_census: Option<Instant>,
    replicas: HashMap<String, Replica>,
    watched: HashMap<UserId, Watched>,
    /// Watched users whose status may have changed.
    touched: HashSet<UserId>,
    /// Users who were hidden from a socket that watched them.
    hidden: Vec<(SocketId, UserId)>,
    closed: bool,
}

struct Socket {
    user: UserId,
    away: bool,
    watches: Vec<UserId>,
    /// Users whose status it does not get: one of the two has blocked the other.
    hidden: HashSet<UserId>,
}

/// A user with sockets on this replica.
#[derive(Default)]
struct LocalUser {
    sockets: HashSet<SocketId>,
    away: bool,
    /// Until when they stay online without a socket.
    until: Option<Instant>,
}

struct Replica {
    until: Instant,
    users: Users,
}

/// A user on the screen of some sockets, with the status sent last.
struct Watched {
    status: Status,
    by: HashSet<SocketId>,
}

impl Presence {
    /// Sets the name of this replica.
    pub(crate) fn set_name(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// A socket whose user shares their presence.
    pub(crate) fn enter(&mut self, socket: SocketId, user: UserId) {
        let full = self.users.len() >= MAX_USERS && !self.users.contains_key(&user);
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
        let local = self.users.entry(user).or_default();
        local.sockets.insert(socket);
        local.until = None;
        self.update(user);
    }

    /// The socket has closed, or its user no longer shares. Without another socket they stay online until `until`.
    pub(crate) fn leave(&mut self, socket: SocketId, until: Instant) {
        let Some(gone) = self.sockets.remove(&socket) else {
            return;
        };
        self.unwatch(socket, &gone.watches);
        if let Some(local) = self.users.get_mut(&gone.user) {
            local.sockets.remove(&socket);
            if local.sockets.is_empty() {
                local.until = Some(until);
            }
        }
        self.update(gone.user);
    }

    /// Sets whether the page of the socket has been hidden for a while.
    pub(crate) fn set_away(&mut self, socket: SocketId, away: bool) {
        if let Some(known) = self.sockets.get_mut(&socket) {
            known.away = away;
            let user = known.user;
            self.update(user);
        }
    }

    /// Sets the users hidden from the socket. Those whom it watches become offline to it.
    pub(crate) fn hide(&mut self, socket: SocketId, hidden: HashSet<UserId>) {
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

    /// Sets the users that the socket watches, at most [`MAX_WATCHED`], and returns their status: none if its own user
    /// does not share.
    pub(crate) fn watch(&mut self, socket: SocketId, users: Vec<UserId>) -> Vec<(UserId, Status)> {
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
            // The status that was sent last: a later change is sent to all sockets alike.
            statuses.push((user, watched.status));
        }
        statuses
    }

    /// Takes the census of another replica.
    pub(crate) fn receive(&mut self, replica: &str, census: &Census, now: Instant) {
        let known = self.replicas.contains_key(replica);
        if replica == self.name || (!known && self.replicas.len() >= MAX_REPLICAS) {
            return;
        }
        let mut users = match self.replicas.remove(replica) {
            Some(known) => known.users,
            None => Users::new(),
        };
        if census.whole {
            self.touch(users.drain().map(|(user, _)| user));
        }
        for (listed, away) in [(&census.online, false), (&census.away, true)] {
            let room = MAX_USERS.saturating_sub(users.len());
            users.extend(listed.iter().take(room).map(|&user| (user, away)));
        }
        for user in &census.gone {
            users.remove(user);
        }
        let census = [&census.online, &census.away, &census.gone];
        self.touch(census.into_iter().flatten().copied());
        if !users.is_empty() {
            let until = now + EXPIRY;
            let replica = replica.to_owned();
            self.replicas.insert(replica, Replica { until, users });
        }
    }

    /// The census to publish now, if any.
    pub(crate) fn census(&mut self, now: Instant) -> Option<Census> {
        if self.closed {
            return None;
        }
        self.expire(now);
        let here = self.users.iter();
        let here: Users = here.map(|(&user, local)| (user, local.away)).collect();
        let whole = self.next_census.is_none_or(|at| at <= now);
        if whole {
            self.next_census = Some(now + CENSUS_INTERVAL);
        }
        let census = census(&here, if whole { None } else { Some(&self.published) });
        self.published = here;
        (census != Census::default()).then_some(census)
    }

    /// Ends the publication. Returns the last census, without users.
    pub(crate) fn close(&mut self) -> Census {
        self.closed = true;
        census(&Users::new(), None)
    }

    /// The watched users whose status has changed, by socket.
    pub(crate) fn changes(&mut self, now: Instant) -> HashMap<SocketId, Vec<(UserId, Status)>> {
        self.expire(now);
        let mut changes: HashMap<SocketId, Vec<(UserId, Status)>> = HashMap::new();
        for (socket, user) in std::mem::take(&mut self.hidden) {
            changes
                .entry(socket)
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
                    changes.entry(socket).or_default().push((user, status));
                }
            }
        }
        changes
    }

    /// A user is online if at least one replica says so.
    fn status(&self, user: UserId) -> Status {
        let here = self.users.get(&user).map(|local| local.away);
        let replicas = self.replicas.values();
        let elsewhere = replicas.filter_map(|replica| replica.users.get(&user).copied());
        match here.into_iter().chain(elsewhere).reduce(|a, b| a && b) {
            None => Status::Offline,
            Some(true) => Status::Away,
            Some(false) => Status::Online,
        }
    }

    /// Updates a user whose sockets have changed. Without sockets their status stays.
    fn update(&mut self, user: UserId) {
        if let Some(local) = self.users.get_mut(&user)
            && !local.sockets.is_empty()
        {
            let sockets = &self.sockets;
            let mut away = local.sockets.iter().filter_map(|id| sockets.get(id));
            local.away = away.all(|socket| socket.away);
        }
        self.touch([user]);
    }

    fn expire(&mut self, now: Instant) {
        let over = |local: &LocalUser| local.until.is_some_and(|until| until <= now);
        let mut gone: Vec<UserId> = Vec::new();
        gone.extend(
            self.users
                .extract_if(|_, local| over(local))
                .map(|(user, _)| user),
        );
        for (_, replica) in self.replicas.extract_if(|_, replica| replica.until <= now) {
            gone.extend(replica.users.into_keys());
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
        presence.set_name("here");
        presence.enter(THREE, BOB);
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Offline)]);
        presence
    }

    /// The status of Ada that the socket of Bob is sent now, if any.
    fn sent(presence: &mut Presence, now: Instant) -> Option<Status> {
        let changes = presence.changes(now);
        changes.get(&THREE).map(|changes| changes[0].1)
    }

    fn all(online: &[UserId]) -> Census {
        Census {
            whole: true,
            online: online.to_vec(),
            ..Census::default()
        }
    }

    #[test]
    fn a_user_is_online_while_connected_and_while_loading_another_page() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        assert_eq!(sent(&mut presence, now), Some(Status::Online));
        presence.leave(ONE, now + LINGER);
        assert_eq!(sent(&mut presence, now + seconds(1)), None);
        presence.enter(TWO, ADA);
        assert_eq!(sent(&mut presence, now + seconds(60)), None);
        presence.leave(TWO, now + seconds(60) + LINGER);
        let later = now + seconds(60) + LINGER;
        assert_eq!(sent(&mut presence, later), Some(Status::Offline));
    }

    #[test]
    fn a_user_is_away_once_all_their_pages_are_hidden() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        presence.enter(TWO, ADA);
        presence.set_away(ONE, true);
        assert_eq!(sent(&mut presence, now), Some(Status::Online));
        presence.set_away(TWO, true);
        assert_eq!(sent(&mut presence, now), Some(Status::Away));
        presence.receive("there", &all(&[ADA]), now);
        assert_eq!(sent(&mut presence, now), Some(Status::Online));
    }

    #[test]
    fn a_hidden_user_is_offline_at_once_and_until_shown_again() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        assert_eq!(sent(&mut presence, now), Some(Status::Online));
        presence.hide(THREE, HashSet::from([ADA]));
        assert_eq!(sent(&mut presence, now), Some(Status::Offline));
        presence.set_away(ONE, true);
        assert_eq!(sent(&mut presence, now), None);
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Offline)]);
        presence.hide(THREE, HashSet::new());
        assert_eq!(presence.watch(THREE, vec![ADA]), [(ADA, Status::Away)]);
    }

    #[test]
    fn changes_that_cancel_out_within_a_second_are_not_sent() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.enter(ONE, ADA);
        presence.leave(ONE, now);
        assert_eq!(sent(&mut presence, now), None);
    }

    #[test]
    fn a_census_is_valid_until_it_expires() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.receive("there", &all(&[ADA]), now);
        assert_eq!(sent(&mut presence, now + seconds(24)), Some(Status::Online));
        presence.receive("there", &all(&[ADA]), now + seconds(24));
        assert_eq!(sent(&mut presence, now + seconds(48)), None);
        assert_eq!(
            sent(&mut presence, now + seconds(49)),
            Some(Status::Offline)
        );
    }

    #[test]
    fn the_last_census_of_a_replica_removes_its_users() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.receive("there", &all(&[ADA]), now);
        assert_eq!(sent(&mut presence, now), Some(Status::Online));
        let mut there = Presence::default();
        there.enter(ONE, ADA);
        presence.receive("there", &there.close(), now);
        assert_eq!(sent(&mut presence, now), Some(Status::Offline));
        assert_eq!(there.census(now), None, "nothing comes after it");
    }

    #[test]
    fn a_replica_publishes_all_users_regularly_and_changes_in_between() {
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
    fn a_census_of_changes_applies_to_the_last_whole_one() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.receive("there", &all(&[ADA]), now);
        presence.changes(now);
        let away = Census {
            away: vec![ADA],
            ..Census::default()
        };
        presence.receive("there", &away, now);
        assert_eq!(sent(&mut presence, now), Some(Status::Away));
        let gone = Census {
            gone: vec![ADA],
            ..Census::default()
        };
        presence.receive("there", &gone, now);
        assert_eq!(sent(&mut presence, now), Some(Status::Offline));
    }

    #[test]
    fn a_replica_ignores_its_own_census() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.receive("here", &all(&[ADA]), now);
        assert_eq!(sent(&mut presence, now), None);
    }

    #[test]
    fn a_user_who_does_not_share_sees_nobody() {
        let mut presence = watching();
        presence.enter(ONE, ADA);
        assert!(presence.watch(TWO, vec![ADA]).is_empty());
    }

    #[test]
    fn nothing_is_kept_of_a_closed_socket() {
        let (mut presence, now) = (watching(), Instant::now());
        presence.leave(THREE, now);
        presence.enter(ONE, ADA);
        assert!(presence.changes(now).is_empty());
        presence.leave(ONE, now);
        presence.changes(now);
        assert!(presence.sockets.is_empty() && presence.users.is_empty());
        assert!(presence.watched.is_empty() && presence.touched.is_empty());
    }
}
