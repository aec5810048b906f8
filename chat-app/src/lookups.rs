//! Look-ups by key, made together: those that come while a query is under way share the next one. Does the I/O of that query.
//!
//! Every request looks its session up, and every live connection does now and then. One by one they would take all of the
//! readers' connections where PostgreSQL is far or slow.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

/// What is found, or why nothing can be: the error of the query that was made for all.
pub type Found<V> = Result<Option<V>, Arc<sqlx::Error>>;

/// A query that is under way: what it finds of the keys that it was given.
pub type Query<K, V> = BoxFuture<'static, sqlx::Result<Vec<(K, V)>>>;

pub struct Lookups<K, V>(mpsc::Sender<(K, oneshot::Sender<Found<V>>)>);

impl<K, V> Lookups<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Answers by `query`, which is given at most so many keys, some of them twice, and tells what it finds of them; further
    /// look-ups wait for the query after it. Ends when this is dropped.
    pub fn start<Q>(most: usize, query: Q) -> Self
    where
        Q: Fn(Vec<K>) -> Query<K, V> + Send + 'static,
    {
        let (sender, mut asked) = mpsc::channel::<(K, oneshot::Sender<Found<V>>)>(most);
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while asked.recv_many(&mut batch, most).await > 0 {
                // Whoever has gone meanwhile needs no answer.
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

    /// What is found under this key.
    pub async fn get(&self, key: K) -> Found<V> {
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

    /// Finds an even number's half, as long as it is let to; writes down what it was asked.
    fn halves(queries: &Arc<Mutex<Vec<Vec<u32>>>>, let_go: &Arc<Semaphore>) -> Lookups<u32, u32> {
        let (queries, let_go) = (queries.clone(), let_go.clone());
        Lookups::start(256, move |keys| {
            let let_go = let_go.clone();
            queries.lock().unwrap().push(keys.clone());
            Box::pin(async move {
                let_go.acquire().await.unwrap().forget();
                if keys.contains(&13) {
                    return Err(sqlx::Error::PoolTimedOut);
                }
                let even = keys.into_iter().filter(|key| key % 2 == 0);
                Ok(even.map(|key| (key, key / 2)).collect())
            })
        })
    }

    #[tokio::test]
    async fn what_comes_while_a_query_is_under_way_is_one_query_and_each_gets_its_own() {
        let (queries, let_go) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let lookups = halves(&queries, &let_go);
        let first = lookups.get(2);
        let rest = join_all([4, 5, 4].map(|key| lookups.get(key)));
        let release = async {
            while queries.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            // By now all have asked: they were polled before this.
            let_go.add_permits(2);
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
    async fn an_error_is_told_to_all_who_asked_and_to_nobody_after_them() {
        let (queries, let_go) = (Arc::default(), Arc::new(Semaphore::new(9)));
        let lookups = halves(&queries, &let_go);
        let error = lookups.get(13).await.unwrap_err();
        assert!(matches!(*error, sqlx::Error::PoolTimedOut));
        assert_eq!(lookups.get(8).await.unwrap(), Some(4));
    }
}
