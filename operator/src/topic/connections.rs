//! One connection for all who ask the same Kafka with the same login at the same time: a client of librdkafka has threads and
//! buffers of its own, and hundreds of chats may be looked after at once. I/O: through [`Broker`].

use std::sync::{Arc, Weak};

use tokio::sync::Mutex;

use super::{Broker, Error};
use crate::access::{KafkaAccess, KafkaSecrets};

#[derive(Default)]
pub struct Connections(Mutex<Vec<Open>>);

struct Open {
    access: KafkaAccess,
    secrets: KafkaSecrets,
    broker: Weak<Broker>,
}

impl Connections {
    /// One that is open already, or a new one. The last to use it closes it.
    pub async fn open(
        &self,
        access: &KafkaAccess,
        secrets: &KafkaSecrets,
    ) -> Result<Arc<Broker>, Error> {
        // Locked while one is made, which sends nothing: the next who asks finds it.
        let mut open = self.0.lock().await;
        open.retain(|it| it.broker.strong_count() > 0);
        let mut same = open
            .iter()
            .filter(|it| it.access == *access && it.secrets == *secrets);
        if let Some(broker) = same.find_map(|it| it.broker.upgrade()) {
            return Ok(broker);
        }
        let broker = Arc::new(Broker::connect(access, secrets).await?);
        open.push(Open {
            access: access.clone(),
            secrets: secrets.clone(),
            broker: Arc::downgrade(&broker),
        });
        Ok(broker)
    }
}
