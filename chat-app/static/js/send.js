// The outbox: shows messages at once and sends them one after the other, each exactly once.
//
// A message keeps its UUID in all attempts; the server accepts each UUID once.

import { whole } from './arrange.js';
import { pathOf } from './compose.js';

const ATTEMPTS = 6; // after these, the message is marked as not sent
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
  /** The files of the next message; `attach.js` replaces this object. */
  files = { ids: () => [], clear: () => {}, isReady: () => true };
  /** Whether to send the message as soon as its files are uploaded. */
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
    form.elements.body.addEventListener('input', () => composer.showError(''));
    addEventListener('beforeunload', (event) => this.#queue.length > 0 && event.preventDefault());
  }

  #take() {
    this.#composer.focus();
    if (!this.files.isReady()) {
      this.#held = this.files.isBusy();
      if (!this.#held) this.files.focusFailed();
      return;
    }
    const attachments = this.files.ids();
    if (!this.#form.elements.body.value.trim() && attachments.length === 0) return;
    const entry = { id: uuid(), ...this.#composer.take(), attachments };
    const names = attachments.length > 0 ? this.files.names() : '';
    this.files.clear();
    this.#composer.showError('');
    const item = this.#template.content.firstElementChild.cloneNode(true);
    item.dataset.clientId = entry.id;
    item.querySelector('time').dateTime = new Date().toISOString();
    item.querySelector('.body').textContent = entry.body.trimEnd() || names;
    item.querySelector('.retry').addEventListener('click', () => this.#retry(entry));
    item.querySelector('.discard').addEventListener('click', () => this.#discard(entry));
    entry.item = item;
    this.#enqueue(entry);
  }

  /** Files were added, uploaded or removed. */
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

  /** The retry button. An entry that is still in the queue is retried at once. */
  #retry(entry) {
    if (!this.#queue.includes(entry)) return this.#enqueue(entry);
    entry.item.dataset.state = 'pending';
    this.retryNow();
  }

  /** Ends the current back-off, since the connection is back. */
  retryNow() {
    this.#wake();
  }

  /** Resolves once the queue is empty. */
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

  /** Retries for as long as the server can't be reached. If it answers with errors, gives up and leaves it to the person. */
  async #deliver(entry) {
    let wait = 0;
    for (let attempt = 0; ; attempt += 1) {
      if (attempt > 0) await this.#pause(Math.max(wait, backoff(attempt)));
      await online();
      if (!entry.item.isConnected) return; // its live event arrived first, or it was discarded
      const { settled, unreachable, retryAfter } = await this.#send(entry);
      if (settled) return;
      wait = retryAfter;
      if (attempt >= ATTEMPTS - 1) entry.item.dataset.state = 'failed';
      if (attempt >= ATTEMPTS - 1 && !unreachable) return;
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

  /** One attempt. `settled` means accepted or finally refused. */
  async #send({ id, body, reply_to, attachments, item }) {
    const fields = { client_id: id, body, reply_to, attachments: attachments.join(',') };
    const outcome = await post(this.#form.action, fields);
    const { settled, answer, refusal } = outcome;
    if (refusal !== undefined) {
      this.#discard({ item });
      this.#composer.restoreText({ body });
      this.#composer.showError(refusal);
    } else if (settled) {
      const sent = whole(answer);
      this.#log.sent(sent);
      this.#onSent(sent);
    }
    return outcome;
  }

  /** The edit shows when its live event arrives. Until the server has accepted it, the text stays in the composer. */
  async #saveEdit(item) {
    const body = this.#form.elements.body.value;
    if (!body.trim()) return this.#composer.showError(this.#form.dataset.nothing);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if (attempt > 0) await this.#pause(backoff(attempt));
      await online();
      const { settled, refusal } = await post(`${pathOf(this.#conversation, item)}/edit`, { body });
      if (refusal !== undefined) return this.#composer.showError(refusal);
      if (settled) return this.#composer.leaveContext();
    }
  }
}

/**
 * Posts a form and accepts JSON. `settled` requests have the server's `answer`, or a `refusal` to show to the person. Of other
 * requests nobody knows whether they succeeded; a retry is safe after `retryAfter` milliseconds. While the server is
 * `unreachable`, retry without limit.
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
    return { settled: false, unreachable: true, retryAfter: 0 };
  }
  if (response.ok) return { settled: true, answer };
  if (response.status === 401) location.assign('/login');
  else if (response.status >= 500 || response.status === 429) {
    const retryAfter = 1_000 * (Number(response.headers.get('Retry-After')) || 0);
    return { settled: false, unreachable: response.status !== 500, retryAfter };
  }
  else return { settled: true, refusal: answer.error };
  return { settled: true, refusal: '' };
}

const backoff = (attempt) => Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LAST_RETRY_MS);

const jittered = (ms) => ms * (0.5 + Math.random() / 2);

const online = () =>
  navigator.onLine || new Promise((done) => addEventListener('online', done, { once: true }));

/** A random UUID: `crypto.randomUUID` exists only with TLS. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
