//! Hashes and rates passwords, off the async threads: with argon2id and zxcvbn. No I/O, but each hash takes CPU and 19 MiB of memory.
//!
//! [`Passwords`] is a handle; clones share the permits, which bound the hashes that run, and the count of those that wait.
//! Both live as long as the process.

mod strength;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;

pub(crate) use self::strength::Weakness;

/// The second of the OWASP cheat sheet's recommended settings:
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id>.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Requests that may wait per permit. At some 30 ms per hash, the last one waits about a second.
const QUEUE_PER_PERMIT: usize = 32;

#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    #[error("could not generate a salt")]
    Random(#[from] getrandom::Error),
    /// The hash in the database is invalid.
    #[error("argon2 failed")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("the hashing task panicked")]
    Task(#[from] tokio::task::JoinError),
}

impl Passwords {
    /// At most `permits` hashes run at once.
    pub fn new(permits: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            waiting: Arc::default(),
            queue: permits * QUEUE_PER_PERMIT,
        }
    }

    /// Why a person with these names must not choose this password; names of the chat count too.
    pub async fn weakness(
        &self,
        password: &str,
        names: Vec<String>,
    ) -> Result<Option<Weakness>, PasswordError> {
        let password = normalized(password);
        self.run(move || Ok(strength::weakness(&password, &names)))
            .await
    }

    /// The hash with a new salt, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let password = normalized(&password);
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        self.run(move || {
            Ok(argon2id()
                .hash_password_with_salt(password.as_bytes(), &salt)?
                .to_string())
        })
        .await
    }

    /// Whether this is the password of `hash`. Without a hash, because no user has the name or the user has no password, it takes
    /// the same time to return false: the time does not reveal who exists.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        let password = normalized(&password);
        self.run(move || {
            let Some(hash) = hash.filter(|hash| !hash.is_empty()) else {
                argon2id().hash_password_with_salt(password.as_bytes(), &[0; 16])?;
                return Ok(false);
            };
            match argon2id().verify_password(password.as_bytes(), hash.as_str()) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = self.permit().await?;
        // The task holds the permit: a cancelled request does not allow one more hash to run.
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await?
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let _slot = QueueSlot::take(&self.waiting, self.queue).ok_or(PasswordError::Busy)?;
        Ok(Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed"))
    }
}

/// A slot in the queue. Dropping it frees the slot, also if the request is cancelled.
struct QueueSlot(Arc<AtomicUsize>);

impl QueueSlot {
    fn take(waiting: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let slot = Self(Arc::clone(waiting));
        (waiting.fetch_add(1, Ordering::Relaxed) < limit).then_some(slot)
    }
}

impl Drop for QueueSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One keyboard sends `ë` as one character, another one as two.
fn normalized(password: &str) -> String {
    password.nfc().collect()
}

fn argon2id() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are in argon2's range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_verifies_its_own_password_only() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .verify("correct horse".into(), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("wrong horse".into(), Some(hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify("correct horse".into(), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_password_is_the_same_from_every_keyboard() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash("Zoë’s horse".into()).await.unwrap();
        let decomposed = "Zoe\u{308}’s horse".to_owned();
        assert!(passwords.verify(decomposed, Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let passwords = Passwords::new(1);
        let _running = passwords.permit().await.unwrap();
        let waiting: Vec<_> = (0..QUEUE_PER_PERMIT)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.permit().await.map(drop) })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < QUEUE_PER_PERMIT {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.permit().await, Err(PasswordError::Busy)));
        drop(waiting);
    }
}
