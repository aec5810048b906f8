// What is on its way: shown at once, sent one after the other, never twice.
//
// A message keeps its UUID through all tries; the server takes each UUID once.

import { pathOf } from './compose.js';

const TRIES = 6;
const FIRST_RETRY_MS = 500;
const TIMEOUT_MS = 15_000;

export class Outbox {
  #form;
  #composer;
  #log;
  #conversation;
  #onSent;
  #queue = [];
  #busy = false;
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
    item.querySelector('.retry').addEventListener('click', () => this.#enqueue(entry));
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
  }

  async #deliver(entry) {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await pause(FIRST_RETRY_MS * 2 ** (attempt - 1));
      await online();
      if (!entry.item.isConnected) return; // its live event came first
      if (await this.#send(entry)) return;
    }
    entry.item.dataset.state = 'failed';
  }

  /** Whether it is settled: taken or refused for good. */
  async #send({ id, body, reply_to, attachments, item }) {
    const fields = { client_id: id, body, reply_to, attachments: attachments.join(',') };
    const { settled, answer, refusal } = await post(this.#form.action, fields);
    if (refusal !== undefined) {
      this.#discard({ item });
      this.#composer.putBack({ body });
      this.#composer.complain(refusal);
    } else if (settled) {
      this.#log.sent(answer);
      this.#onSent(answer);
    }
    return settled;
  }

  /** An edit is shown when its change comes; until the server has taken it, the text stays in the composer. */
  async #saveEdit(item) {
    const body = this.#form.elements.body.value;
    if (!body.trim()) return this.#composer.complain(this.#form.dataset.nothing);
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await pause(FIRST_RETRY_MS * 2 ** (attempt - 1));
      await online();
      const { settled, refusal } = await post(`${pathOf(this.#conversation, item)}/edit`, { body });
      if (refusal !== undefined) return this.#composer.complain(refusal);
      if (settled) return this.#composer.leaveContext();
    }
  }
}

/**
 * Posts a form as the script does. Answers whether it is settled, with the answer, or with a refusal in words;
 * what is not settled may be in or not, and another try is safe.
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
    return { settled: false };
  }
  if (response.ok) return { settled: true, answer };
  if (response.status === 401) location.assign('/login');
  else if (response.status >= 500 || response.status === 429) return { settled: false };
  else return { settled: true, refusal: answer.error };
  return { settled: true, refusal: '' };
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms * (0.5 + Math.random() / 2)));

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
