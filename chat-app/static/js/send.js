// The outbox: shows messages at once and sends them one after the other, each exactly once.
//
// A message keeps its UUID in all attempts; the server accepts each UUID once. Storage has what is not sent yet, so that it
// outlives the page.

import { copyOf, whole } from './arrange.js';
import { Delivery, post } from './delivery.js';
import { all, put, remove } from './storage.js';

const STORE = 'outbox';
/** @typedef {Unsent & { item: Part }} Queued */

/** @type {Pick<import('./tray.js').Tray, 'take' | 'add' | 'restore' | 'hasReady' | 'isReady' | 'isBusy' | 'focusFailed'>} */
const NO_FILES = { take: () => [], add: () => {}, restore: () => {}, hasReady: () => false, isReady: () => true, isBusy: () => false, focusFailed: () => {} };

export class Outbox {
  #form;
  #composer;
  #edits;
  #log;
  #conversation;
  #onSent;
  /** @type {Queued[]} */
  #queue = [];
  #busy = false;
  #delivery = new Delivery();
  /** @type {((empty: unknown) => void)[]} */
  #onEmpty = [];
  /** The files of the next message; `attach.js` replaces this object. */
  files = NO_FILES;
  /** Whether to send the message as soon as its files are uploaded. */
  #held = false;

  /**
   * @param {object} parts
   * @param {Part} parts.form
   * @param {import('./compose.js').Composer} parts.composer
   * @param {import('./edits.js').Edits} parts.edits
   * @param {import('./log.js').Log} parts.log
   * @param {number} parts.conversation
   * @param {(sent: { seq: number, html: string }) => void} parts.onSent
   */
  constructor({ form, composer, edits, log, conversation, onSent }) {
    this.#form = form;
    this.#composer = composer;
    this.#edits = edits;
    this.#log = log;
    this.#conversation = conversation;
    this.#onSent = onSent;
    form.noValidate = true;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (composer.refusal) composer.showError(composer.refusal);
      else if (composer.editing) this.#saveEdit();
      else this.#take();
    });
    form.elements.body.addEventListener('input', () => composer.showError(''));
  }

  /** Continues what an earlier page has not sent. */
  async restore() {
    for (const entry of await all(STORE)) {
      if (entry.conversation !== this.#conversation || entry.edit || this.#isShown(entry)) continue;
      this.#enqueue({ ...entry, item: this.#item(entry) });
    }
  }

  /** @param {Unsent} entry */
  #isShown({ id }) {
    const known = document.querySelector(`.message[data-client-id="${id}"]`);
    if (known?.dataset.seq) remove(STORE, id); // its answer was lost
    return Boolean(known);
  }

  #take() {
    this.#composer.focus();
    if (!this.files.isReady()) {
      this.#held = this.files.isBusy();
      if (!this.#held) this.files.focusFailed();
      return;
    }
    if (!this.#form.elements.body.value.trim() && !this.files.hasReady()) return this.files.focusFailed();
    const { body, reply } = this.#composer.take();
    const entry = { id: uuid(), conversation: this.#conversation, body, reply, files: this.files.take(), at: Date.now() };
    this.#composer.showError('');
    put(STORE, entry);
    this.#enqueue({ ...entry, item: this.#item(entry) });
    this.#log.showLatest(); // it does not belong among older messages
  }

  #saveEdit() {
    const { value, dataset } = { value: this.#form.elements.body.value, dataset: this.#form.dataset };
    if (this.#form.elements.body.readOnly) return; // its text is not loaded yet
    if (!value.trim()) return this.#composer.showError(dataset.nothing);
    const { seq, body, original } = this.#composer.takeEdit();
    if (body !== original) this.#edits.save({ seq, body });
  }

  /** @param {Unsent} entry */
  #item({ id, body, files, at }) {
    const item = copyOf('#outgoing');
    item.dataset.clientId = id;
    item.querySelector('time').dateTime = new Date(at).toISOString();
    item.querySelector('.body').textContent = body.trimEnd() || files.map(({ name }) => name).join('\n');
    return item;
  }

  /** Files were added, uploaded or removed. */
  filesChanged() {
    if (!this.#held || this.files.isBusy()) return;
    this.#held = false;
    if (this.files.isReady()) this.#take();
  }

  /** @param {Queued} entry */
  #enqueue(entry) {
    entry.item.dataset.state = 'pending';
    entry.item.querySelector('.retry').onclick = () => this.#retry(entry);
    entry.item.querySelector('.discard').onclick = () => this.#discard(entry);
    this.#log.append(entry.item);
    this.#queue.push(entry);
    this.#pump();
  }

  /**
   * The retry button. An entry that is still in the queue is retried at once.
   * @param {Queued} entry
   */
  #retry(entry) {
    if (!this.#queue.includes(entry)) return this.#enqueue(entry);
    entry.item.dataset.state = 'pending';
    this.retryNow();
  }

  /** Ends the current back-off, since the connection is back. */
  retryNow() {
    this.#delivery.retryNow();
  }

  /** Resolves once the queue is empty. */
  settled() {
    return this.#queue.length === 0 ? Promise.resolve() : new Promise((done) => this.#onEmpty.push(done));
  }

  /** @param {Queued} entry */
  #discard(entry) {
    remove(STORE, entry.id);
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
    for (const done of this.#onEmpty.splice(0)) done(null);
  }

  /** @param {Queued} entry */
  async #deliver(entry) {
    // It is not wanted if its live event arrived first, or if it was discarded.
    const isWanted = () => entry.item.isConnected;
    await this.#delivery.run({
      isWanted,
      attempt: () => this.#send(entry),
      onFailed: () => (entry.item.dataset.state = 'failed'),
    });
    if (!isWanted()) remove(STORE, entry.id);
  }

  /**
   * One attempt. `settled` means accepted or finally refused.
   * @param {Queued} entry
   */
  async #send(entry) {
    const outcome = await post(this.#form.action, fieldsOf(entry));
    const { settled, answer, refusal } = outcome;
    if (refusal !== undefined) {
      this.#discard(entry);
      this.#composer.restore(entry);
      this.files.restore(entry.files);
      this.#composer.showError(refusal);
    } else if (settled) {
      remove(STORE, entry.id);
      const sent = whole(answer);
      this.#log.sent(sent);
      this.#onSent(sent);
    }
    return outcome;
  }
}

/**
 * Sends what was written in other conversations and is not sent yet. What is refused waits there for its writer.
 * @param {number | null} here
 */
export async function sendElsewhere(here) {
  const waiting = (await all(STORE)).filter(({ conversation, edit }) => conversation !== here && !edit);
  const stuck = new Set(); // conversations in which an earlier message is not sent
  for (const entry of waiting) {
    if (stuck.has(entry.conversation)) continue;
    const { settled, refusal } = await post(`/c/${entry.conversation}/messages`, fieldsOf(entry));
    if (settled && refusal === undefined) await remove(STORE, entry.id);
    else stuck.add(entry.conversation);
  }
}

/** @param {Unsent} entry */
const fieldsOf = ({ id, body, reply, files }) => ({
  client_id: id,
  body,
  reply_to: String(reply ?? ''),
  attachments: files.map((file) => file.upload).join(','),
});

/** A random UUID: `crypto.randomUUID` exists only with TLS. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
