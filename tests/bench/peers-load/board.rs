//! The deliveries of a scenario: what was sent, and what arrived on which socket when. Readers, one task for each socket, write
//! here. Does I/O (sockets).
//!
//! Everything runs on one thread, so a [`Board`] is shared by counting references. It knows messages by their numbers, which
//! no two boards share, so that a late delivery of an earlier scenario is ignored.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use confab_tests::{Context, Result, bail, ensure, eventually};
use tokio::task::JoinSet;

use crate::client::websocket::{Size, WebSocket};
use crate::client::wire::{Wire, numbers};

/// How long deliveries may take until they count as lost.
const LIMIT: Duration = Duration::from_secs(30);

thread_local! {
    /// The number of the next message of this program.
    static NEXT: Cell<u32> = const { Cell::new(1) };
}

/// A number that no other message of this program has.
pub(crate) fn next_number() -> u32 {
    NEXT.replace(NEXT.get() + 1)
}

pub(crate) struct Board {
    first: u32,
    /// When each message was due.
    sent: RefCell<Vec<Instant>>,
    /// Deliveries of all messages.
    delivered: Cell<u64>,
    measured: RefCell<Measured>,
    /// Why a reader ended.
    failure: RefCell<Option<String>>,
}

/// Since the last call of [`Board::measure`].
#[derive(Debug)]
pub(crate) struct Measured {
    from: u32,
    /// Of each delivery, in milliseconds.
    pub delays: Vec<f64>,
    /// Everything that arrived on the sockets, keep-alives included.
    pub wire: u64,
    /// The same without compression.
    pub plain: u64,
    pub last: Instant,
}

impl Measured {
    fn new(from: u32) -> Self {
        Self {
            from,
            delays: Vec::new(),
            wire: 0,
            plain: 0,
            last: Instant::now(),
        }
    }
}

impl Board {
    pub(crate) fn new() -> Rc<Self> {
        let first = NEXT.get();
        Rc::new(Self {
            first,
            sent: RefCell::default(),
            delivered: Cell::new(0),
            measured: RefCell::new(Measured::new(first)),
            failure: RefCell::default(),
        })
    }

    /// The number of the next message, which is due now or was due at `due`.
    pub(crate) fn begin(&self, due: Instant) -> u32 {
        self.sent.borrow_mut().push(due);
        next_number()
    }

    fn knows(&self, number: u32) -> bool {
        (self.first..NEXT.get()).contains(&number)
    }

    /// Counts from now on, and only messages that begin from now on.
    pub(crate) fn measure(&self) {
        *self.measured.borrow_mut() = Measured::new(NEXT.get());
    }

    pub(crate) fn take(&self) -> Measured {
        self.measured.replace(Measured::new(NEXT.get()))
    }

    /// Waits until each message has arrived on so many sockets; fails if some do not.
    pub(crate) async fn wait(&self, sockets: u64) -> Result<()> {
        let wanted = self.sent.borrow().len() as u64 * sockets;
        eventually(LIMIT, "all messages arrive on all sockets", async || {
            self.check()?;
            let delivered = self.delivered.get();
            ensure!(delivered == wanted, "{delivered} of {wanted} deliveries");
            Ok(())
        })
        .await
    }

    /// Fails if a socket has.
    pub(crate) fn check(&self) -> Result<()> {
        match &*self.failure.borrow() {
            Some(failure) => bail!("the socket of a reader: {failure}"),
            None => Ok(()),
        }
    }

    /// A message of a socket arrived, with these deliveries.
    fn arrived(&self, size: Size, fresh: &[u32]) {
        let now = Instant::now();
        let mut measured = self.measured.borrow_mut();
        measured.wire += size.wire as u64;
        measured.plain += size.plain as u64;
        if fresh.is_empty() {
            return;
        }
        measured.last = now;
        self.delivered
            .set(self.delivered.get() + fresh.len() as u64);
        let sent = self.sent.borrow();
        for number in fresh {
            if *number >= measured.from {
                let delay = now.duration_since(sent[(number - self.first) as usize]);
                measured.delays.push(delay.as_secs_f64() * 1_000.0);
            }
        }
    }
}

/// Sockets that are read by a task each; they close when this is dropped.
pub(crate) struct Readers {
    board: Rc<Board>,
    wire: Wire,
    tasks: JoinSet<()>,
}

impl Readers {
    pub(crate) fn new(board: &Rc<Board>, wire: Wire) -> Self {
        Self {
            board: board.clone(),
            wire,
            tasks: JoinSet::new(),
        }
    }

    pub(crate) fn add(&mut self, socket: WebSocket) {
        let (board, wire) = (self.board.clone(), self.wire);
        self.tasks.spawn_local(async move {
            if let Err(error) = read(&board, wire, socket).await {
                board
                    .failure
                    .borrow_mut()
                    .get_or_insert(format!("{error:#}"));
            }
        });
    }

    /// Closes the sockets, all at the same moment, and waits until that is done.
    pub(crate) async fn close(mut self) {
        self.tasks.shutdown().await;
    }
}

async fn read(board: &Board, wire: Wire, mut socket: WebSocket) -> Result<()> {
    let mut seen = Seen::default();
    let mut fresh = Vec::new();
    loop {
        fresh.clear();
        let mut reply = None;
        let size = socket
            .next(|payload| {
                let known = numbers(payload).filter(|number| board.knows(*number));
                fresh.extend(known.filter(|number| seen.insert((number - board.first) as usize)));
                reply = wire.reply(payload);
            })
            .await?;
        board.arrived(size, &fresh);
        if let Some(reply) = reply {
            socket.send(reply).await.context("a reply to a ping")?;
        }
    }
}

/// The messages that a socket has got: a bit for each.
#[derive(Default)]
struct Seen(Vec<u64>);

impl Seen {
    /// Whether it is the first time.
    fn insert(&mut self, index: usize) -> bool {
        let (word, bit) = (index / 64, 1 << (index % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let first = self.0[word] & bit == 0;
        self.0[word] |= bit;
        first
    }
}
