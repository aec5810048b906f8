//! Loads values by key in batches: keys requested while a query runs share the next query. Does the I/O of that query.
//!
//! Every request loads its session, and every socket does so regularly. One by one they would exhaust the handlers'
//! connections where PostgreSQL is far away or slow.
//!
//! A [`BatchLoader`] is the sending half of a queue to a task of its own, which ends when the loader is dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

/// The value of a key, or the error of the query, shared by all who requested it.
pub(crate) type Loaded<V> = Result<Option<V>, Arc<sqlx::Error>>;

/// A query that finds the values of the keys it was given.
pub(crate) type BatchQuery<K, V> = BoxFuture<'static, sqlx::Result<Vec<(K, V)>>>;

/// A key, and where to send its value.
type Request<K, V> = (K, oneshot::Sender<Loaded<V>>);

pub struct BatchLoader<K, V>(mpsc::Sender<Request<K, V>>);

impl<K, V> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Starts the task. `query` gets at most `max_keys` keys, some of them twice; further requests wait for the next query.
    pub fn start<Q>(max_keys: usize, query: Q) -> Self
    where
        Q: Fn(Vec<K>) -> BatchQuery<K, V> + Send + 'static,
    {
        let (sender, mut requests) = mpsc::channel::<Request<K, V>>(max_keys);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while requests.recv_many(&mut batch, max_keys).await > 0 {
                // Requests whose caller has gone need no query.
                batch.retain(|(_, answer)| !answer.is_closed());
                if batch.is_empty() {
                    continue;
                }
                let keys = batch.iter().map(|(key, _)| key.clone()).collect();
                let found: Result<HashMap<K, V>, _> =
                    query(keys).await.map(HashMap::from_iter).map_err(Arc::new);
                for (key, answer) in batch.drain(..) {
                    let found = found.as_ref().map(|all| all.get(&key).cloned());
                    let _ = answer.send(found.map_err(Arc::clone));
                }
            }
        });
        Self(sender)
    }

    /// The value of this key, if there is one.
    pub async fn get(&self, key: K) -> Loaded<V> {
        let gone = || Arc::new(sqlx::Error::WorkerCrashed);
        let (answer, answered) = oneshot::channel();
        self.0.send((key, answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Loads the half of even numbers, one query per permit; records the keys of each query.
    fn halves(
        queries: &Arc<Mutex<Vec<Vec<u32>>>>,
        permits: &Arc<Semaphore>,
    ) -> BatchLoader<u32, u32> {
        let (queries, permits) = (queries.clone(), permits.clone());
        BatchLoader::start(256, move |keys| {
            let permits = permits.clone();
            queries.lock().unwrap().push(keys.clone());
            Box::pin(async move {
                permits.acquire().await.unwrap().forget();
                if keys.contains(&13) {
                    return Err(sqlx::Error::PoolTimedOut);
                }
                let even = keys.into_iter().filter(|key| key % 2 == 0);
                Ok(even.map(|key| (key, key / 2)).collect())
            })
        })
    }

    #[tokio::test]
    async fn requests_during_a_query_share_the_next_one_and_each_gets_its_own_value() {
        let (queries, permits) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let loader = halves(&queries, &permits);
        let first = loader.get(2);
        let rest = join_all([4, 5, 4].map(|key| loader.get(key)));
        let release = async {
            while queries.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            // All requests are made by now: they were polled before this.
            permits.add_permits(2);
        };
        let (first, rest, ()) = tokio::join!(first, rest, release);
        assert_eq!(first.unwrap(), Some(1));
        let rest: Vec<_> = rest.into_iter().map(Result::unwrap).collect();
        assert_eq!(rest, [Some(2), None, Some(2)]);
        let queries = queries.lock().unwrap();
        assert_eq!(queries.concat(), [2, 4, 5, 4]);
        assert!(queries.len() <= 2, "{queries:?}");
    }

    #[tokio::test]
    async fn an_error_reaches_all_requests_of_its_query_and_none_after_it() {
        let (queries, permits) = (Arc::default(), Arc::new(Semaphore::new(9)));
        let loader = halves(&queries, &permits);
        let error = loader.get(13).await.unwrap_err();
        assert!(matches!(*error, sqlx::Error::PoolTimedOut));
        assert_eq!(loader.get(8).await.unwrap(), Some(4));
    }
}
