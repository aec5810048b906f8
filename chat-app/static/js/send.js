// What is on its way: shown at once, sent one after the other, never twice.
//
// A message keeps its UUID through all tries; the server takes each UUID once.

import { pathOf } from './compose.js';

const TRIES = 6; // then it is said that the message is not out yet
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
const TIMEOUT_MS = 15_000;

export class Outbox {
  #form;
  #composer;
  #log;
  #conversation;
  #onSent;
  #queue = [];
  #busy = false;
  #wake = () => {};
  #onEmpty = [];
  #template = document.querySelector('#outgoing');
  /** The files that go with the next message; `attach.js` takes this place when there are any. */
  files = { ids: () => [], clear: () => {}, isReady: () => true };
  /** Whether the message goes as soon as its files are there. */
  #held = false;

  constructor({ form, composer, log, conversation, onSent }) {
    this.#form = form;
    this.#composer = composer;
    this.#log = log;
    this.#conversation = conversation;
    this.#onSent = onSent;
    form.noValidate = true;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (composer.editing) this.#saveEdit(composer.editing);
      else this.#take();
    });
    form.elements.body.addEventListener('input', () => composer.complain(''));
    addEventListener('beforeunload', (event) => this.#queue.length > 0 && event.preventDefault());
  }

  #take() {
    this.#composer.focus();
    if (!this.files.isReady()) {
      this.#held = this.files.isBusy();
      if (!this.#held) this.files.point();
      return;
    }
    const attachments = this.files.ids();
    if (!this.#form.elements.body.value.trim() && attachments.length === 0) return;
    const entry = { id: uuid(), ...this.#composer.take(), attachments };
    const names = attachments.length > 0 ? this.files.names() : '';
    this.files.clear();
    this.#composer.complain('');
    const item = this.#template.content.firstElementChild.cloneNode(true);
    item.dataset.clientId = entry.id;
    item.querySelector('time').dateTime = new Date().toISOString();
    item.querySelector('.body').textContent = entry.body.trimEnd() || names;
    item.querySelector('.retry').addEventListener('click', () => this.#again(entry));
    item.querySelector('.discard').addEventListener('click', () => this.#discard(entry));
    entry.item = item;
    this.#enqueue(entry);
  }

  /** Files came, are ready or went. */
  filesChanged() {
    if (!this.#held || this.files.isBusy()) return;
    this.#held = false;
    if (this.files.isReady()) this.#take();
  }

  #enqueue(entry) {
    entry.item.dataset.state = 'pending';
    this.#log.append(entry.item);
    this.#queue.push(entry);
    this.#pump();
  }

  /** Asked for by hand; an entry that is tried still is tried now. */
  #again(entry) {
    if (!this.#queue.includes(entry)) return this.#enqueue(entry);
    entry.item.dataset.state = 'pending';
    this.hurry();
  }

  /** The way is free again: what waits is tried at once. */
  hurry() {
    this.#wake();
  }

  /** Fulfilled once nothing is on its way. */
  settled() {
    return this.#queue.length === 0 ? Promise.resolve() : new Promise((done) => this.#onEmpty.push(done));
  }

  #discard(entry) {
    entry.item.remove();
    this.#log.arrange();
    this.#composer.focus();
  }

  async #pump() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#queue.length > 0) {
      await this.#deliver(this.#queue[0]);
      this.#queue.shift();
    }
    this.#busy = false;
    for (const done of this.#onEmpty.splice(0)) done();
  }

  /** Tries for as long as the server is away; what a server that answers does not take is left to the person. */
  async #deliver(entry) {
    let wait = 0;
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 0) await this.#pause(Math.max(wait, backoff(attempt)));
      await online();
      if (!entry.item.isConnected) return; // its live event came first, or it was discarded
      const { settled, away, retryAfter } = await this.#send(entry);
      if (settled) return;
      wait = retryAfter;
      if (attempt >= TRIES - 1) entry.item.dataset.state = 'failed';
      if (attempt >= TRIES - 1 && !away) return;
    }
  }

  #pause(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, jittered(ms));
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  /** Whether it is settled: taken or refused for good. */
  async #send({ id, body, reply_to, attachments, item }) {
    const fields = { client_id: id, body, reply_to, attachments: attachments.join(',') };
    const outcome = await post(this.#form.action, fields);
    const { settled, answer, refusal } = outcome;
    if (refusal !== undefined) {
      this.#discard({ item });
      this.#composer.putBack({ body });
      this.#composer.complain(refusal);
    } else if (settled) {
      this.#log.sent(answer);
      this.#onSent(answer);
    }
    return outcome;
  }

  /** An edit is shown when its change comes; until the server has taken it, the text stays in the composer. */
  async #saveEdit(item) {
    const body = this.#form.elements.body.value;
    if (!body.trim()) return this.#composer.complain(this.#form.dataset.nothing);
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await this.#pause(backoff(attempt));
      await online();
      const { settled, refusal } = await post(`${pathOf(this.#conversation, item)}/edit`, { body });
      if (refusal !== undefined) return this.#composer.complain(refusal);
      if (settled) return this.#composer.leaveContext();
    }
  }
}

/**
 * Posts a form as the script does. Answers whether it is settled, with the answer, or with a refusal in words;
 * what is not settled may be in or not, and another try is safe, after `retryAfter` milliseconds: where the server is
 * `away`, as often as it takes.
 */
export async function post(action, fields) {
  let response;
  let answer = null;
  try {
    response = await fetch(action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 204) answer = await response.json();
  } catch {
    return { settled: false, away: true, retryAfter: 0 };
  }
  if (response.ok) return { settled: true, answer };
  if (response.status === 401) location.assign('/login');
  else if (response.status >= 500 || response.status === 429) {
    const retryAfter = 1_000 * (Number(response.headers.get('Retry-After')) || 0);
    return { settled: false, away: response.status !== 500, retryAfter };
  }
  else return { settled: true, refusal: answer.error };
  return { settled: true, refusal: '' };
}

const backoff = (attempt) => Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS);

const jittered = (ms) => ms * (0.5 + Math.random() / 2);

const online = () =>
  navigator.onLine || new Promise((done) => addEventListener('online', done, { once: true }));

/** A random UUID; `crypto.randomUUID` is only there over TLS. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
