//! Password hashing: argon2id off the async threads, a few at a time, the rest in a bounded queue.
//! No I/O; CPU and 19 MiB of memory a hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The second of the OWASP cheat sheet's recommended settings:
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id>.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many may wait for each one that runs. At some 30 ms a hash, the last one waits about a second.
const QUEUE_PER_PERMIT: usize = 32;

/// Hashes and verifies passwords. Clones share permits and queue.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
}

/// Why a password was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The operating system gave no random salt.
    #[error("could not generate a salt")]
    Random(#[from] getrandom::Error),
    /// The hash in the database is no argon2 hash.
    #[error("argon2 failed")]
    Hash(#[from] argon2::password_hash::Error),
    /// The blocking task died.
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

    /// The password's hash with a new salt, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt)?;
        self.run(move || {
            Ok(argon2id()
                .hash_password_with_salt(password.as_bytes(), &salt)?
                .to_string())
        })
        .await
    }

    /// Whether this is the password of `hash`. Without a hash (nobody has that name) the answer is no,
    /// after the same work, so that time tells nothing about who exists.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || {
            let Some(hash) = hash else {
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
        // The permit goes along: a request that is given up does not let one more hash start.
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await?
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let _place = Place::take(&self.waiting, self.queue).ok_or(PasswordError::Busy)?;
        Ok(Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed"))
    }
}

/// A place in the queue; given back when dropped, also by a request that is given up.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, limit: usize) -> Option<Self> {
        let place = Self(Arc::clone(waiting));
        (waiting.fetch_add(1, Ordering::Relaxed) < limit).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
    async fn a_hash_verifies_its_own_password_alone() {
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
    async fn a_full_queue_answers_at_once() {
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
