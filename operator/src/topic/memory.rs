//! What the last topic reconcile of each chat found, and when the next is due. No I/O.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::mpsc::UnboundedSender;

use super::{Connections, TopicState};
use crate::backoff::Backoff;
use crate::validate::Chat;

/// How long a topic reconcile that found all well is good for.
const GOOD_FOR: Duration = Duration::from_secs(240);
/// A topic reconcile that has not ended by then never will.
const LOST: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChatName {
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

/// The last topic reconcile of each chat, by the chat's uid, and the connections that they share. An entry is added by the
/// first request, replaced by another request, and removed when the chat is gone. Nothing of it outlives the process.
pub(crate) struct Topics {
    /// Also for the topics that are deleted with a chat.
    pub connections: Connections,
    entries: Mutex<HashMap<String, Entry>>,
    changed: UnboundedSender<ChatName>,
    seconds: Histogram,
}

#[derive(Debug)]
struct Entry {
    request: String,
    state: Option<TopicState>,
    backoff: Backoff,
    due: Instant,
    running_since: Option<Instant>,
}

impl Entry {
    fn new(request: &str) -> Self {
        Self {
            request: request.to_owned(),
            state: None,
            backoff: Backoff::default(),
            due: Instant::now(),
            running_since: None,
        }
    }

    /// When the one that is running counts as lost.
    fn lost_in(&self) -> Option<Duration> {
        LOST.checked_sub(self.running_since?.elapsed())
    }
}

impl Topics {
    /// It sends `changed` each chat for which a topic reconcile found something new or wrong, which the chat's next
    /// reconcile has to report. `seconds` is how long each takes.
    pub(crate) fn new(changed: UnboundedSender<ChatName>, seconds: Histogram) -> Self {
        Self {
            connections: Connections::default(),
            entries: Mutex::default(),
            changed,
            seconds,
        }
    }

    /// Whether a topic reconcile is due. If so, it counts as running from now on.
    pub(super) fn begin(&self, uid: &str, request: &str) -> bool {
        let mut entries = self.lock();
        let entry = entries
            .entry(uid.to_owned())
            .or_insert_with(|| Entry::new(request));
        if entry.request != request {
            *entry = Entry::new(request);
        }
        if entry.lost_in().is_some() || Instant::now() < entry.due {
            return false;
        }
        entry.running_since = Some(Instant::now());
        true
    }

    /// Keeps what a topic reconcile found, unless the request changed meanwhile.
    pub(super) fn end(&self, uid: &str, request: &str, state: TopicState, chat: ChatName) {
        let mut entries = self.lock();
        let entry = entries.get_mut(uid);
        let Some(entry) = entry.filter(|entry| entry.request == request) else {
            return;
        };
        let ready = matches!(state, TopicState::Ready(_));
        let delay = if ready {
            entry.backoff = Backoff::default();
            GOOD_FOR
        } else {
            entry.backoff.next()
        };
        entry.due = Instant::now() + delay;
        if let Some(since) = entry.running_since.take() {
            self.seconds.observe(since.elapsed().as_secs_f64());
        }
        if !ready || entry.state.as_ref() != Some(&state) {
            entry.state = Some(state);
            // Without a receiver the operator is about to end.
            let _ = self.changed.send(chat);
        }
    }

    /// What the last topic reconcile found. None: there was none for this request yet.
    pub(super) fn state(&self, uid: &str, request: &str) -> Option<TopicState> {
        self.lock()
            .get(uid)
            .filter(|entry| entry.request == request)?
            .state
            .clone()
    }

    /// When the next topic reconcile is due. One that is running triggers a reconcile of the chat at its end, so that nothing is
    /// due before it counts as lost. None: none was requested.
    pub(crate) fn due(&self, uid: &str) -> Option<Duration> {
        let entries = self.lock();
        let entry = entries.get(uid)?;
        let due = entry.due.saturating_duration_since(Instant::now());
        Some(entry.lost_in().unwrap_or(due))
    }

    /// For a chat that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// As if a topic reconcile had found this state a moment ago.
    #[cfg(test)]
    pub(crate) fn pretend(&self, chat: &Chat, access: &crate::access::Access, state: TopicState) {
        let secrets = access.kafka_login.as_ref().expect("a login");
        let kafka = &access.kafka;
        let object = crate::validate::fixtures::object(serde_json::json!({}));
        let request = super::TopicRequest {
            chat,
            kafka,
            secrets,
            claims: &super::TopicClaims::new(&object, std::iter::empty()),
        };
        let id = request.digest();
        self.lock().insert(chat.uid.clone(), Entry::new(&id));
        self.begin(&chat.uid, &id);
        self.end(&chat.uid, &id, state, ChatName::of(chat));
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
            needs_action: false,
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
        let (changed, received) = unbounded_channel();
        let seconds = Metrics::new().topic_reconcile_duration();
        (Topics::new(changed, seconds), received)
    }

    #[test]
    fn delays_between_failures_grow_to_a_minute() {
        let (topics, _changed) = topics();
        let mut seconds = Vec::new();
        for _ in 0..8 {
            if let Some(entry) = topics.lock().get_mut("uid") {
                entry.due = Instant::now();
            }
            assert!(topics.begin("uid", "q1"));
            topics.end("uid", "q1", away(), chat());
            seconds.push(topics.due("uid").unwrap().as_secs_f64().round() as u64);
        }
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn all_well_is_good_for_minutes_and_the_next_failure_is_retried_soon() {
        let (topics, _changed) = topics();
        for state in [away(), away(), TopicState::Ready(Vec::new())] {
            topics.begin("uid", "q1");
            topics.end("uid", "q1", state, chat());
        }
        assert!(topics.due("uid").unwrap() > GOOD_FOR - Duration::from_secs(9));
        topics.end("uid", "q1", away(), chat());
        assert!(topics.due("uid").unwrap() <= Duration::from_secs(1));
    }

    #[test]
    fn only_one_topic_reconcile_runs_and_its_result_is_kept() {
        let (topics, _changed) = topics();
        assert!(topics.begin("uid", "q1"));
        assert!(!topics.begin("uid", "q1"));
        assert_eq!(topics.state("uid", "q1"), None);
        topics.end("uid", "q1", away(), chat());
        assert_eq!(topics.state("uid", "q1"), Some(away()));
        assert!(!topics.begin("uid", "q1"), "not before its delay is over");
    }

    #[test]
    fn another_request_is_due_at_once_and_the_result_of_the_old_one_is_dropped() {
        let (topics, _changed) = topics();
        assert!(topics.begin("uid", "q1"));
        assert!(topics.begin("uid", "q2"));
        topics.end("uid", "q1", away(), chat());
        assert_eq!(topics.state("uid", "q2"), None);
    }

    #[test]
    fn a_chat_is_reconciled_when_its_topics_are_found_new_or_wrong() {
        let (topics, mut changed) = topics();
        let ready = || TopicState::Ready(Vec::new());
        for (request, state, triggers) in [
            ("q1", away(), true),
            ("q1", away(), true),
            ("q1", ready(), true),
            ("q1", ready(), false),
            ("q2", ready(), true),
        ] {
            topics.begin("uid", request);
            topics.end("uid", request, state, chat());
            assert_eq!(changed.try_recv().ok(), triggers.then(chat));
        }
    }

    #[test]
    fn nothing_is_due_while_a_topic_reconcile_runs_until_it_is_lost() {
        let (topics, _changed) = topics();
        assert_eq!(topics.due("uid"), None);
        topics.begin("uid", "q1");
        assert!(topics.due("uid").unwrap() > Duration::from_secs(50));
        topics.end("uid", "q1", away(), chat());
        assert!(topics.due("uid").unwrap() <= Duration::from_secs(1));
    }
}
