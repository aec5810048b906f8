//! What the last look at each chat's topics found, and when the next is due. No I/O.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::TopicState;

/// A look that found all well is good for this long.
const GOOD_FOR: Duration = Duration::from_secs(240);
/// After failures: 1, 2, 4 … seconds, at most this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A look that has not ended by then never will.
const LOST: Duration = Duration::from_secs(60);
/// When a pass asks again for a look that is under way.
const UNDER_WAY: Duration = Duration::from_millis(500);

/// Remembers the last look for each chat.
#[derive(Debug, Default)]
pub struct Topics(Mutex<HashMap<String, Look>>);

#[derive(Debug)]
struct Look {
    asked: String,
    state: Option<TopicState>,
    failures: u32,
    again: Instant,
    since: Option<Instant>,
}

impl Look {
    fn first(asked: &str) -> Self {
        Self {
            asked: asked.to_owned(),
            state: None,
            failures: 0,
            again: Instant::now(),
            since: None,
        }
    }

    fn under_way(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() < LOST)
    }
}

impl Topics {
    /// Whether a look is due. If so, it counts as under way from now on.
    pub(super) fn begin(&self, uid: &str, asked: &str) -> bool {
        let mut looks = self.lock();
        let look = looks
            .entry(uid.to_owned())
            .or_insert_with(|| Look::first(asked));
        if look.asked != asked {
            *look = Look::first(asked);
        }
        if look.under_way() || Instant::now() < look.again {
            return false;
        }
        look.since = Some(Instant::now());
        true
    }

    /// Takes what a look found, unless something else was asked meanwhile.
    pub(super) fn end(&self, uid: &str, asked: &str, state: TopicState) {
        let mut looks = self.lock();
        let Some(look) = looks.get_mut(uid).filter(|look| look.asked == asked) else {
            return;
        };
        look.failures = if matches!(state, TopicState::Ready(_)) {
            0
        } else {
            look.failures.saturating_add(1)
        };
        look.again = Instant::now() + pause(look.failures);
        look.since = None;
        look.state = Some(state);
    }

    /// What the last look found. None: there was none for this question yet.
    pub(super) fn state(&self, uid: &str, asked: &str) -> Option<TopicState> {
        self.lock()
            .get(uid)
            .filter(|look| look.asked == asked)?
            .state
            .clone()
    }

    /// When the next look is due. None: none was asked for.
    pub fn due(&self, uid: &str) -> Option<Duration> {
        let looks = self.lock();
        let look = looks.get(uid)?;
        Some(if look.under_way() {
            UNDER_WAY
        } else {
            look.again.saturating_duration_since(Instant::now())
        })
    }

    /// Forgets a chat that is gone.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Look>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// As if Kafka had been found in this state a moment ago.
    #[cfg(test)]
    pub fn pretend(
        &self,
        chat: &crate::validate::Chat,
        access: &crate::access::Access,
        state: TopicState,
    ) {
        let asked = super::question(chat, access);
        self.lock().insert(chat.uid.clone(), Look::first(&asked));
        self.begin(&chat.uid, &asked);
        self.end(&chat.uid, &asked, state);
    }
}

fn pause(failures: u32) -> Duration {
    match failures {
        0 => GOOD_FOR,
        n => Duration::from_secs(1 << (n - 1).min(6)).min(LONGEST_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    fn away() -> TopicState {
        TopicState::Problem {
            reason: Reason::KafkaUnreachable,
            message: String::new(),
            person: false,
            topics: Vec::new(),
        }
    }

    #[test]
    fn pauses_between_failing_looks_grow_to_a_minute() {
        let seconds: Vec<u64> = (1..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(0), GOOD_FOR);
    }

    #[test]
    fn only_one_look_is_under_way_and_its_end_is_remembered() {
        let topics = Topics::default();
        assert!(topics.begin("chat", "q1"));
        assert!(!topics.begin("chat", "q1"));
        assert_eq!(topics.state("chat", "q1"), None);
        topics.end("chat", "q1", away());
        assert_eq!(topics.state("chat", "q1"), Some(away()));
        assert!(!topics.begin("chat", "q1"), "not before its pause is over");
    }

    #[test]
    fn another_question_is_asked_at_once_and_the_answer_to_the_old_one_is_dropped() {
        let topics = Topics::default();
        assert!(topics.begin("chat", "q1"));
        assert!(topics.begin("chat", "q2"));
        topics.end("chat", "q1", away());
        assert_eq!(topics.state("chat", "q2"), None);
    }
}
