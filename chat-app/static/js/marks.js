// How far this person has read the conversation on screen: sent to the server at once, then rate-limited.

const INTERVAL_MS = 300;
const RETRY_MS = 5_000;

export class ReadMarks {
  #conversation;
  #list;
  #marked = Number(document.body.dataset.lastRead);
  #version = Number(document.body.dataset.readVersion);
  #seen = this.#marked;
  #timer = 0;
  /** After "mark unread", what is on screen does not count as read until the person comes back or writes. */
  #paused = false;

  /** @param {{ conversation: number, list: import('./list.js').List }} options */
  constructor({ conversation, list }) {
    this.#conversation = conversation;
    this.#list = list;
    addEventListener('pagehide', () => this.#send());
    document.addEventListener('visibilitychange', () => document.hidden && this.resume());
  }

  /**
   * Messages up to this one are on screen.
   * @param {number} seq
   */
  seen(seq) {
    if (this.#paused || seq <= this.#seen) return;
    this.#seen = seq;
    this.#list.read({ conversation: this.#conversation, last_read: seq });
    if (!this.#timer) this.#send();
  }

  /**
   * The state on the server, which another device or "mark unread" has changed.
   * @param {Mark} mark
   */
  follow({ last_read, version }) {
    if (version < this.#version) return;
    if (version > this.#version) {
      this.#paused = true;
      this.#seen = this.#marked = last_read;
    }
    this.#version = version;
    this.#seen = Math.max(this.#seen, last_read);
    this.#marked = Math.max(this.#marked, last_read);
  }

  resume() {
    this.#paused = false;
  }

  async #send() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#seen <= this.#marked) return;
    const seq = this.#seen;
    this.#timer = setTimeout(() => this.#send(), RETRY_MS);
    try {
      const headers = { Accept: 'application/json' };
      const body = new URLSearchParams({ seq: String(seq), version: String(this.#version) });
      const response = await fetch(`/c/${this.#conversation}/read`, { method: 'POST', headers, body, keepalive: true });
      if (!response.ok) return;
      this.follow(await response.json());
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#send(), INTERVAL_MS);
    } catch {
      // The timer retries.
    }
  }
}
