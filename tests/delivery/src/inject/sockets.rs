//! The live connections through the proxy. No I/O.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;

/// The live connections by cookie, to send a frame to another person than the one it was for.
#[derive(Clone, Default)]
pub(super) struct Sockets(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<String>>>>);

impl Sockets {
    /// Registers a connection; returns the frames that are misdirected to it.
    pub(super) fn open(&self, cookie: &str) -> mpsc::UnboundedReceiver<String> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut sockets = self.0.lock().expect("nobody panics holding this lock");
        sockets.insert(cookie.to_owned(), sender);
        receiver
    }

    pub(super) fn send(&self, cookie: &str, text: String) {
        let sockets = self.0.lock().expect("nobody panics holding this lock");
        if let Some(sender) = sockets.get(cookie) {
            let _ = sender.send(text); // the connection may have ended
        }
    }
}
