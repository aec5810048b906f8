//! Sessions that were found a moment ago, so that a send needs no query for its session. Pure: callers pass the time.
//!
//! A poll of `changes` names the sessions revoked since the last one. So a session that was found once is valid as long
//! as polls succeed and name it in none, for the same second in which its sockets close. Everything else that a session
//! tells, such as the name of its user, may be as old as [`LIFETIME`].
//!
//! One [`RecentSessions`] per replica, shared by cloning. Handlers add to it, the poller removes. It is bounded by
//! [`MAX_SESSIONS`], beyond which nothing is added until entries have expired.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::domain::{Session, SessionId};
use crate::hub::MAX_POLL_AGE;

/// When a session is read again.
const LIFETIME: Duration = Duration::from_secs(15);
/// A query that took longer may have missed a revocation that is no longer remembered.
const MAX_QUERY: Duration = Duration::from_secs(5);
const MAX_SESSIONS: usize = 16 * 1024;

#[derive(Clone, Default)]
pub(crate) struct RecentSessions(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// By the hash of their token, each with the time when its query began.
    found: HashMap<[u8; 32], (Instant, Session)>,
    /// What polls have named within [`MAX_QUERY`], and when: a query that began before may have found it still.
    revoked: VecDeque<(Instant, SessionId)>,
    /// When the last successful poll began.
    polled: Option<Instant>,
    /// When polling started anew: what was revoked before is not known.
    started: Option<Instant>,
}

impl RecentSessions {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panics holding this lock")
    }

    /// The session of this token, if it was found recently and is not known to be revoked.
    pub(crate) fn get(&self, token_hash: &[u8; 32], now: Instant) -> Option<Session> {
        let state = self.state();
        let is_fresh = |polled| now.saturating_duration_since(polled) <= MAX_POLL_AGE;
        state.polled.filter(|&polled| is_fresh(polled))?;
        let (found, session) = state.found.get(token_hash)?;
        (now.saturating_duration_since(*found) <= LIFETIME).then(|| session.clone())
    }

    /// Adds a session that a query found which began at `began`.
    pub(crate) fn insert(
        &self,
        token_hash: [u8; 32],
        session: &Session,
        began: Instant,
        now: Instant,
    ) {
        let mut state = self.state();
        let mut revoked = state.revoked.iter();
        if now.saturating_duration_since(began) > MAX_QUERY
            || state.started.is_some_and(|started| began <= started)
            || revoked.any(|&(at, id)| id == session.id && at >= began)
        {
            return;
        }
        if state.found.len() >= MAX_SESSIONS {
            let is_current = |found: Instant| now.saturating_duration_since(found) <= LIFETIME;
            state.found.retain(|_, (found, _)| is_current(*found));
        }
        if state.found.len() < MAX_SESSIONS {
            state.found.insert(token_hash, (began, session.clone()));
        }
    }

    /// A poll that began at `began` has found these sessions revoked.
    pub(crate) fn polled(&self, began: Instant, revoked: &[SessionId], now: Instant) {
        let mut state = self.state();
        state.polled = Some(began);
        let is_old = |(at, _): &mut (Instant, _)| now.saturating_duration_since(*at) > MAX_QUERY;
        while state.revoked.pop_front_if(is_old).is_some() {}
        if !revoked.is_empty() {
            state.revoked.extend(revoked.iter().map(|&id| (now, id)));
            state
                .found
                .retain(|_, (_, session)| !revoked.contains(&session.id));
        }
    }

    /// Polling starts anew: everything is forgotten, because what was revoked in the meantime is not known.
    pub(crate) fn clear(&self, now: Instant) {
        *self.state() = State {
            started: Some(now),
            ..State::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{User, UserId, UserName};

    fn session(id: i64) -> Session {
        Session {
            id: SessionId(id),
            user: User {
                id: UserId(id),
                name: UserName::parse("ada").unwrap(),
                display_name: "Ada".into(),
                avatar: None,
            },
            admin: false,
            proved: false,
            second_factor: false,
            began_at_provider: false,
        }
    }

    const TOKEN: [u8; 32] = [7; 32];

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Session 1, found at this time; the last poll began then too.
    fn with_one(at: Instant) -> RecentSessions {
        let sessions = RecentSessions::default();
        sessions.polled(at, &[], at);
        sessions.insert(TOKEN, &session(1), at, at);
        sessions
    }

    fn is_there(sessions: &RecentSessions, at: Instant) -> bool {
        sessions.get(&TOKEN, at).is_some()
    }

    #[test]
    fn a_session_is_valid_while_polls_succeed_and_until_it_has_to_be_read_again() {
        let at = Instant::now();
        let sessions = with_one(at);
        assert!(is_there(&sessions, at + MAX_POLL_AGE));
        assert!(!is_there(&sessions, at + MAX_POLL_AGE + seconds(1)));
        sessions.polled(at + LIFETIME, &[SessionId(2)], at + LIFETIME);
        assert!(is_there(&sessions, at + LIFETIME));
        assert!(!is_there(&sessions, at + LIFETIME + seconds(1)));
        assert!(sessions.get(&[8; 32], at + LIFETIME).is_none());
    }

    #[test]
    fn a_revoked_session_is_gone_also_when_a_query_that_began_before_found_it() {
        let at = Instant::now();
        let sessions = with_one(at);
        sessions.polled(at, &[SessionId(1)], at + seconds(1));
        assert!(!is_there(&sessions, at));
        sessions.insert(TOKEN, &session(1), at, at + seconds(1));
        assert!(!is_there(&sessions, at));
        // The revocation is forgotten, so this query must not count either.
        let late = at + seconds(10);
        sessions.polled(late, &[], late);
        sessions.insert(TOKEN, &session(1), at, late);
        assert!(!is_there(&sessions, late));
    }

    #[test]
    fn nothing_is_valid_once_polling_starts_anew() {
        let at = Instant::now();
        let sessions = with_one(at);
        sessions.clear(at + seconds(1));
        sessions.polled(at + seconds(1), &[], at + seconds(1));
        assert!(!is_there(&sessions, at + seconds(1)));
        sessions.insert(TOKEN, &session(1), at, at + seconds(1));
        assert!(!is_there(&sessions, at + seconds(1)));
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let at = Instant::now();
        let sessions = with_one(at);
        let token = |n: usize| {
            let mut token = [0; 32];
            token[..8].copy_from_slice(&n.to_le_bytes());
            token
        };
        for n in 0..MAX_SESSIONS + 1 {
            sessions.insert(token(n), &session(9), at, at);
        }
        assert_eq!(sessions.state().found.len(), MAX_SESSIONS);
        let later = at + LIFETIME + seconds(1);
        sessions.insert(token(0), &session(9), later, later);
        assert_eq!(sessions.state().found.len(), 1);
    }
}
