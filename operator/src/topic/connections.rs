//! One connection for all who use the same Kafka with the same credentials at the same time: a client of librdkafka has threads
//! and buffers of its own, and hundreds of chats may be reconciled at once. I/O: through [`Broker`].
//!
//! Those who use a connection own it: the last one to drop it closes it.

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use super::{Broker, Error};
use crate::access::{KafkaAccess, KafkaSecrets};

#[derive(Default)]
pub(crate) struct Connections(Mutex<Vec<Open>>);

struct Open {
    access: KafkaAccess,
    secrets: String,
    broker: Weak<Broker>,
}

impl Connections {
    /// One that is open already, or a new one.
    pub(crate) async fn open(
        &self,
        access: &KafkaAccess,
        secrets: &KafkaSecrets,
    ) -> Result<Arc<Broker>, Error> {
        let digest = secrets.digest();
        // Locked while one is created, which sends nothing: the next who asks finds it.
        let mut open = self.0.lock().await;
        open.retain(|it| it.broker.strong_count() > 0);
        let mut same = open
            .iter()
            .filter(|it| it.access == *access && it.secrets == digest);
        if let Some(broker) = same.find_map(|it| it.broker.upgrade()) {
            return Ok(broker);
        }
        let broker = Arc::new(Broker::connect(access, secrets).await?);
        open.push(Open {
            access: access.clone(),
            secrets: digest,
            broker: Arc::downgrade(&broker),
        });
        Ok(broker)
    }
}
