//! Drops what may take long in it, or hang.

use std::ops::Deref;
use std::thread;

/// A value that is dropped on a thread of its own, so that nobody waits for it, wherever its last user ends.
pub(super) struct Aside<T: Send + 'static>(Option<T>);

impl<T: Send> Aside<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send> Deref for Aside<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("it is taken in drop alone")
    }
}

impl<T: Send> Drop for Aside<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        // Where there is no thread to be had, it is dropped here.
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
    fn the_last_user_does_not_wait_for_it() {
        let ((go_on, waits), (tells, told)) = (channel(), channel());
        drop(Aside::new(Slow(waits, tells)));
        go_on.send(()).unwrap();
        let where_dropped = told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_ne!(where_dropped, thread::current().id());
    }
}
