//! Drops a value in the background. No I/O.

use std::ops::Deref;
use std::thread;

/// A value that takes long to drop, or hangs: a thread of its own does that, so that nobody waits for it.
pub(super) struct BackgroundDrop<T: Send + 'static>(Option<T>);

impl<T: Send> BackgroundDrop<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send> Deref for BackgroundDrop<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken in drop alone")
    }
}

impl<T: Send> Drop for BackgroundDrop<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        // Without a thread it is dropped here.
        let _ = thread::Builder::new().spawn(move || drop(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    struct Slow(Receiver<()>, Sender<thread::ThreadId>);

    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.0.recv();
            let _ = self.1.send(thread::current().id());
        }
    }

    #[test]
    fn the_last_user_does_not_wait_for_the_drop() {
        let ((go_on, waits), (sender, dropped_on)) = (channel(), channel());
        drop(BackgroundDrop::new(Slow(waits, sender)));
        go_on.send(()).unwrap();
        let thread = dropped_on.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_ne!(thread, std::thread::current().id());
    }
}
