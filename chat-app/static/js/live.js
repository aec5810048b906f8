// The socket: connects, resumes from a cursor, and comes back by itself whatever happens to the connection.
//
// The cursor (epoch, xid) says up to where this page knows everything; the server sends what changed since.

const SILENCE_MS = 22_000; // the server speaks every 10 s
const SHORT_SILENCE_MS = 12_000; // enough to doubt a connection that somebody comes back to
const CONNECT_MS = 8_000; // what is silent from the start is not waited for
// A replica that went leaves others: its browsers look for one at once and then often, before they grow patient.
const FIRST_RETRY_MS = 300;
const QUICK_RETRIES = 5;
const LAST_RETRY_MS = 10_000;
const RELOAD_SPREAD_MS = 2_000; // when all browsers must read anew
const SESSION_REVOKED = 4401;

export class Live {
  #cursor;
  #position;
  #onFrame;
  #onState;
  #socket = null;
  #attempts = 0;
  #retry = 0;
  #heardAt = 0;
  #sentAway = false;
  #reloading = false;
  #asked = false; // an answer is on its way
  #askAgain = false;
  #settled;

  /**
   * `position()` answers {conversation, rev} of what is on screen; `settled()` is fulfilled once nothing is on its way
   * that a reload would lose.
   */
  constructor({ cursor, position, settled, onFrame, onState }) {
    this.#settled = settled;
    this.#cursor = cursor;
    this.#position = position;
    this.#onFrame = onFrame;
    this.#onState = onState;
    // Another network: whatever the old one still holds is not worth waiting for.
    addEventListener('online', () => this.#hurry());
    addEventListener('offline', () => {
      this.#leave();
      this.#onState('offline');
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && (!this.#socket || this.#silence() > SHORT_SILENCE_MS)) this.#hurry();
    });
    // A page that goes into the back/forward cache must let go of its socket, and resumes when it is shown again.
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', (event) => event.persisted && this.connect());
    setInterval(() => this.#watch(), 1_000);
  }

  connect() {
    clearTimeout(this.#retry);
    this.#sentAway = false;
    this.#leave();
    this.#onState(navigator.onLine ? 'connecting' : 'offline');
    this.#heardAt = Date.now();
    this.#asked = this.#askAgain = false;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`);
    this.#socket = socket;
    socket.onopen = () => this.resume();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Asks for all that changed since the cursor: at once, or when what was asked before is answered. */
  resume() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#askAgain = this.#asked;
    if (this.#asked) return;
    this.#asked = true;
    this.#socket.send(JSON.stringify({ type: 'resume', ...this.#cursor, ...this.#position() }));
  }

  /** Asks for what is missing on screen, unless an answer that may have it is on its way. */
  fetchHole() {
    if (!this.#asked) this.resume();
  }

  /** Sends what is only worth something now; answers whether there was a connection to send it on. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #receive(data) {
    this.#heardAt = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      console.warn('Confab: a frame that is no JSON was skipped');
      return;
    }
    if (frame.type === 'reconnect') {
      // The replica is going. Each page is told another time, so that not all come to the next one at once.
      this.#sentAway = true;
      this.#retry = setTimeout(() => this.connect(), frame.after_ms);
      return;
    }
    if (frame.type === 'resync') return this.resume(); // this page was too slow: frames were dropped
    if (frame.type === 'database') return this.#onState(frame.up ? 'live' : 'stalled');
    const otherHistory = frame.epoch !== undefined && frame.epoch !== this.#cursor.epoch;
    if (frame.type === 'resumed') {
      this.#asked = false;
      if (frame.reload || otherHistory) return this.#reload(otherHistory ? RELOAD_SPREAD_MS : 0);
      this.#attempts = 0;
      this.#onState('live');
    } else if (otherHistory) return this.resume();
    this.#onFrame(frame);
    // After the frame was applied: an error in between must not lose what it carried. What is asked for is known when it is here.
    if (frame.xid && !this.#asked) this.#cursor = { epoch: frame.epoch, xid: frame.xid };
    if (frame.type === 'resumed' && this.#askAgain) this.resume();
  }

  #closed(code) {
    this.#socket = null;
    if (code === SESSION_REVOKED) return location.assign('/login');
    this.#onState(navigator.onLine ? 'connecting' : 'offline');
    if (this.#sentAway) return;
    const slower = Math.max(0, this.#attempts - QUICK_RETRIES);
    const wait = Math.min(FIRST_RETRY_MS * 2 ** slower, LAST_RETRY_MS);
    const share = this.#attempts === 0 ? Math.random() : 0.5 + Math.random() / 2;
    this.#attempts += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), wait * share);
    // A refused handshake looks like a lost connection: look now and then whether somebody is signed in still.
    if (this.#attempts % 4 === 3) checkSession();
  }

  #reload(spread) {
    if (this.#reloading) return;
    this.#reloading = true;
    setTimeout(async () => {
      await this.#settled();
      location.reload();
    }, Math.random() * spread);
  }

  #leave() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #hurry() {
    this.#attempts = 0;
    this.connect();
  }

  #watch() {
    const limit = this.#socket?.readyState === WebSocket.CONNECTING ? CONNECT_MS : SILENCE_MS;
    if (this.#socket && this.#silence() > limit) this.connect();
  }

  #silence() {
    return Date.now() - this.#heardAt;
  }
}

async function checkSession() {
  try {
    const response = await fetch('/c', { method: 'HEAD', redirect: 'manual' });
    if (response.type === 'opaqueredirect') location.assign('/login');
  } catch {
    // Not reachable at all: the connection's own retries go on.
  }
}
