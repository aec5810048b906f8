//! What the last look at each chat's topics found, and when the next is due. No I/O.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::mpsc::UnboundedSender;

use super::{Connections, TopicState};
use crate::validate::Chat;

/// A look that found all well is good for this long.
const GOOD_FOR: Duration = Duration::from_secs(240);
/// After failures: 1, 2, 4 … seconds, at most this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A look that has not ended by then never will.
const LOST: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatName {
    pub namespace: String,
    pub name: String,
}

impl ChatName {
    pub(super) fn of(chat: &Chat) -> Self {
        Self {
            namespace: chat.namespace.clone(),
            name: chat.name.clone(),
        }
    }
}

/// Remembers the last look for each chat, and holds the connections that looks go through.
pub struct Topics {
    /// Of looks, and of what is deleted at a chat's end.
    pub connections: Connections,
    looks: Mutex<HashMap<String, Look>>,
    news: UnboundedSender<ChatName>,
    seconds: Histogram,
}

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

    /// When it will be lost, if it is under way.
    fn lost_in(&self) -> Option<Duration> {
        LOST.checked_sub(self.since?.elapsed())
    }
}

impl Topics {
    /// Knows nothing yet. It tells `news` of each chat of which a look found something new, or that something is still
    /// wrong, which a pass has to see to. It tells `seconds` how long each look takes.
    pub fn new(news: UnboundedSender<ChatName>, seconds: Histogram) -> Self {
        Self {
            connections: Connections::default(),
            looks: Mutex::default(),
            news,
            seconds,
        }
    }

    /// Whether a look is due. If so, it counts as under way from now on.
    pub(super) fn begin(&self, uid: &str, asked: &str) -> bool {
        let mut looks = self.lock();
        let look = looks
            .entry(uid.to_owned())
            .or_insert_with(|| Look::first(asked));
        if look.asked != asked {
            *look = Look::first(asked);
        }
        if look.lost_in().is_some() || Instant::now() < look.again {
            return false;
        }
        look.since = Some(Instant::now());
        true
    }

    /// Takes what a look found, unless something else was asked meanwhile.
    pub(super) fn end(&self, uid: &str, asked: &str, state: TopicState, chat: ChatName) {
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
        if let Some(since) = look.since.take() {
            self.seconds.observe(since.elapsed().as_secs_f64());
        }
        if look.failures > 0 || look.state.as_ref() != Some(&state) {
            look.state = Some(state);
            // Without a receiver the operator is about to end.
            let _ = self.news.send(chat);
        }
    }

    /// What the last look found. None: there was none for this question yet.
    pub(super) fn state(&self, uid: &str, asked: &str) -> Option<TopicState> {
        self.lock()
            .get(uid)
            .filter(|look| look.asked == asked)?
            .state
            .clone()
    }

    /// When the next look is due; after one that is under way, which wakes the chat at its end. None: none was asked for.
    pub fn due(&self, uid: &str) -> Option<Duration> {
        let looks = self.lock();
        let look = looks.get(uid)?;
        let again = look.again.saturating_duration_since(Instant::now());
        Some(look.lost_in().unwrap_or(again))
    }

    /// Forgets a chat that is gone.
    pub fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Look>> {
        self.looks
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// As if Kafka had been found in this state a moment ago.
    #[cfg(test)]
    pub fn pretend(&self, chat: &Chat, access: &crate::access::Access, state: TopicState) {
        let secrets = access.kafka_login.as_ref().expect("a login");
        let kafka = &access.kafka;
        let question = super::Question {
            chat,
            kafka,
            secrets,
        };
        let asked = question.digest();
        self.lock().insert(chat.uid.clone(), Look::first(&asked));
        self.begin(&chat.uid, &asked);
        self.end(&chat.uid, &asked, state, ChatName::of(chat));
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
    use crate::telemetry::Metrics;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    fn away() -> TopicState {
        TopicState::Problem {
            reason: Reason::KafkaUnreachable,
            message: String::new(),
            person: false,
            topics: Vec::new(),
        }
    }

    fn chat() -> ChatName {
        ChatName {
            namespace: "chat".into(),
            name: "team".into(),
        }
    }

    fn topics() -> (Topics, UnboundedReceiver<ChatName>) {
        let (news, told) = unbounded_channel();
        (Topics::new(news, Metrics::new().looks()), told)
    }

    #[test]
    fn pauses_between_failing_looks_grow_to_a_minute() {
        let seconds: Vec<u64> = (1..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(0), GOOD_FOR);
    }

    #[test]
    fn only_one_look_is_under_way_and_its_end_is_remembered() {
        let (topics, _told) = topics();
        assert!(topics.begin("uid", "q1"));
        assert!(!topics.begin("uid", "q1"));
        assert_eq!(topics.state("uid", "q1"), None);
        topics.end("uid", "q1", away(), chat());
        assert_eq!(topics.state("uid", "q1"), Some(away()));
        assert!(!topics.begin("uid", "q1"), "not before its pause is over");
    }

    #[test]
    fn another_question_is_asked_at_once_and_the_answer_to_the_old_one_is_dropped() {
        let (topics, _told) = topics();
        assert!(topics.begin("uid", "q1"));
        assert!(topics.begin("uid", "q2"));
        topics.end("uid", "q1", away(), chat());
        assert_eq!(topics.state("uid", "q2"), None);
    }

    #[test]
    fn a_chat_is_woken_when_a_look_finds_something_new_or_wrong() {
        let (topics, mut told) = topics();
        let ready = || TopicState::Ready(Vec::new());
        for (question, state, news) in [
            ("q1", away(), true),
            ("q1", away(), true),
            ("q1", ready(), true),
            ("q1", ready(), false),
            ("q2", ready(), true),
        ] {
            topics.begin("uid", question);
            topics.end("uid", question, state, chat());
            assert_eq!(told.try_recv().ok(), news.then(chat));
        }
    }

    #[test]
    fn nothing_is_due_while_a_look_is_under_way_but_one_that_is_lost() {
        let (topics, _told) = topics();
        assert_eq!(topics.due("uid"), None);
        topics.begin("uid", "q1");
        assert!(topics.due("uid").unwrap() > Duration::from_secs(50));
        topics.end("uid", "q1", away(), chat());
        assert!(topics.due("uid").unwrap() <= Duration::from_secs(1));
    }
}
