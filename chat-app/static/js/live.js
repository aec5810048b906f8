// The socket: connects, resumes from a cursor, and reconnects whatever happens to the connection.
//
// The page has all changes up to the cursor (epoch, xid); the server sends what changed since.

import { logInAgain } from './delivery.js';

const SILENCE_MS = 22_000; // the server sends a frame every 10 s
const SHORT_SILENCE_MS = 12_000; // enough to doubt the connection when a person returns to the page
const CONNECT_MS = 8_000; // for the first frame of a connection
// If a replica fails, others remain: retry often at first, then back off.
const FIRST_RETRY_MS = 300;
const QUICK_RETRIES = 5;
const LAST_RETRY_MS = 10_000;
const RELOAD_SPREAD_MS = 2_000; // when all browsers reload
const CROWDED_RETRY_MS = 60_000;
const SESSION_REVOKED = 4401;
const CROWDED = 4429; // too many pages of this browser are connected

/**
 * @typedef {object} Options
 * @property {{ epoch?: string, xid?: string }} cursor
 * @property {() => { conversation: number | null, rev: number }} position what is on screen
 * @property {() => Promise<unknown> | undefined} settled resolves once a reload would lose no unsent message
 * @property {(frame: any) => void} onFrame
 * @property {(state: ConnectionState) => void} onState
 */

export class Live {
  #cursor;
  #position;
  #onFrame;
  #onState;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempts = 0;
  #retry = 0;
  #lastFrameAt = 0;
  #reconnectScheduled = false;
  #reloading = false;
  #resuming = false; // a resume is requested and not answered yet
  #resumeAgain = false;
  #settled;

  /** @param {Options} options */
  constructor({ cursor, position, settled, onFrame, onState }) {
    this.#settled = settled;
    this.#cursor = cursor;
    this.#position = position;
    this.#onFrame = onFrame;
    this.#onState = onState;
    // The network changed: do not wait for the old connection.
    addEventListener('online', () => this.#reconnectNow());
    addEventListener('offline', () => {
      this.#disconnect();
      this.#onState('offline');
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && (!this.#socket || this.#silence() > SHORT_SILENCE_MS)) this.#reconnectNow();
    });
    // A page in the back/forward cache must close its socket. It resumes when it is shown again.
    addEventListener('pagehide', () => this.#disconnect());
    addEventListener('pageshow', (event) => event.persisted && this.connect());
    setInterval(() => this.#checkSilence(), 1_000);
  }

  connect() {
    clearTimeout(this.#retry);
    this.#reconnectScheduled = false;
    this.#disconnect();
    this.#onState(navigator.onLine ? 'connecting' : 'offline');
    this.#lastFrameAt = Date.now();
    this.#resuming = this.#resumeAgain = false;
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`);
    this.#socket = socket;
    socket.onopen = () => this.resume();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** Requests all changes since the cursor: at once, or after the current request is answered. */
  resume() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#resumeAgain = this.#resuming;
    if (this.#resuming) return;
    this.#resuming = true;
    this.#socket.send(JSON.stringify({ type: 'resume', ...this.#cursor, ...this.#position() }));
  }

  /** Requests the missing changes, unless the current request may bring them. */
  fetchGap() {
    if (!this.#resuming) this.resume();
  }

  /**
   * Sends a frame that is useless later. Returns false if there is no connection.
   * @param {object} frame
   */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** @param {string} data */
  #receive(data) {
    this.#lastFrameAt = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      console.warn('Confab: skipped a frame that is not JSON');
      return;
    }
    if (frame.type === 'reconnect') {
      // The replica is shutting down. Each page gets another delay, so that not all reconnect at once.
      this.#reconnectScheduled = true;
      this.#retry = setTimeout(() => this.connect(), frame.after_ms);
      return;
    }
    if (frame.type === 'resync') return this.resume(); // this page was too slow, so the server dropped frames
    if (frame.type === 'database') return this.#onState(frame.up ? 'live' : 'stalled');
    const otherEpoch = frame.epoch !== undefined && frame.epoch !== this.#cursor.epoch;
    if (frame.type === 'resumed') {
      this.#resuming = false;
      if (frame.reload || otherEpoch) return this.#reload(otherEpoch ? RELOAD_SPREAD_MS : 0);
      this.#attempts = 0;
      this.#onState('live');
    } else if (otherEpoch) return this.resume();
    this.#onFrame(frame);
    // Only after the frame was applied, so that an error does not lose it. During a resume the cursor waits for its answer.
    if (frame.xid && !this.#resuming) this.#cursor = { epoch: frame.epoch, xid: frame.xid };
    if (frame.type === 'resumed' && this.#resumeAgain) this.resume();
  }

  /** @param {number} code */
  #closed(code) {
    this.#socket = null;
    if (code === SESSION_REVOKED) return logInAgain();
    if (code === CROWDED) {
      this.#onState('crowded');
      this.#retry = setTimeout(() => this.connect(), CROWDED_RETRY_MS);
      return;
    }
    this.#onState(navigator.onLine ? 'connecting' : 'offline');
    if (this.#reconnectScheduled) return;
    const slowRetries = Math.max(0, this.#attempts - QUICK_RETRIES);
    const wait = Math.min(FIRST_RETRY_MS * 2 ** slowRetries, LAST_RETRY_MS);
    const jitter = this.#attempts === 0 ? Math.random() : 0.5 + Math.random() / 2;
    this.#attempts += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), wait * jitter);
    // A refused handshake looks like a lost connection: check now and then whether the session is still valid.
    if (this.#attempts % 4 === 3) checkSession();
  }

  /** @param {number} spread */
  #reload(spread) {
    if (this.#reloading) return;
    this.#reloading = true;
    setTimeout(async () => {
      await this.#settled();
      location.reload();
    }, Math.random() * spread);
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #reconnectNow() {
    this.#attempts = 0;
    this.connect();
  }

  #checkSilence() {
    const limit = this.#socket?.readyState === WebSocket.CONNECTING ? CONNECT_MS : SILENCE_MS;
    if (this.#socket && this.#silence() > limit) this.connect();
  }

  #silence() {
    return Date.now() - this.#lastFrameAt;
  }
}

async function checkSession() {
  try {
    const response = await fetch('/c', { method: 'HEAD', redirect: 'manual' });
    if (response.type === 'opaqueredirect') logInAgain();
  } catch {
    // The server can't be reached: the socket keeps retrying.
  }
}
