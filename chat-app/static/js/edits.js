// Edits of own messages: shown at once, and sent until the server has answered. Each has a state of its own, like a message
// that is sent, and holds back nothing else.

import { copyOf } from './arrange.js';
import { pathOf } from './compose.js';
import { Delivery, post } from './delivery.js';
import { all, put, remove } from './storage.js';

const STORE = 'outbox';

/**
 * An edit that is not sent yet; `rendered` is the body from the server, while it is hidden.
 * @typedef {{ body: string, state: string, refusal: string, delivery: Delivery, rendered?: Part | null }} Entry
 */

export class Edits {
  #conversation;
  #composer;
  /** @type {Map<number, Entry>} */
  #entries = new Map(); // by seq

  /** @param {{ conversation: number, composer: import('./compose.js').Composer }} options */
  constructor({ conversation, composer }) {
    this.#conversation = conversation;
    this.#composer = composer;
  }

  /** Continues what an earlier page has not sent. */
  async restore() {
    for (const { conversation, edit, body } of await all(STORE)) {
      if (conversation === this.#conversation && edit && !this.#entries.has(edit)) this.save({ seq: edit, body });
    }
  }

  /**
   * The text of an edit that is not sent yet, or null.
   * @param {number} seq
   */
  textOf(seq) {
    return this.#entries.get(seq)?.body ?? null;
  }

  /**
   * Sends an edit. A newer one of the same message takes its place.
   * @param {{ seq: number, body: string }} edit
   */
  save({ seq, body }) {
    const before = this.#entries.get(seq);
    const entry = { body, state: 'pending', refusal: '', delivery: new Delivery(), rendered: before?.rendered };
    this.#entries.set(seq, entry);
    before?.delivery.retryNow(); // it notices that it is replaced
    put(STORE, { id: this.#id(seq), conversation: this.#conversation, edit: seq, body, at: Date.now() });
    this.#show(seq);
    this.#send(seq, entry);
  }

  /**
   * The log has placed a message: the edit itself, or another change of a message whose edit is not sent yet.
   * @param {Part} item
   */
  follow(item) {
    const seq = Number(item.dataset.seq);
    const entry = this.#entries.get(seq);
    if (!entry) return;
    if (item.matches('.deleted')) {
      this.#drop(seq);
      return this.#composer.restore({ body: entry.body, reply: null });
    }
    const rendered = item.querySelector('.body');
    const isEdit = entry.rendered !== undefined && contentOf(rendered) !== contentOf(entry.rendered);
    entry.rendered = undefined;
    if (!isEdit) this.#show(seq);
  }

  retryNow() {
    for (const { delivery } of this.#entries.values()) delivery.retryNow();
  }

  /**
   * @param {number} seq
   * @param {Entry} entry
   */
  #send(seq, entry) {
    const isWanted = () => this.#entries.get(seq) === entry && !entry.refusal;
    return entry.delivery.run({
      isWanted,
      attempt: async () => {
        const outcome = await post(`${pathOf(this.#conversation, seq)}/edit`, { body: entry.body });
        if (!outcome.settled || !isWanted()) return outcome;
        if (outcome.refusal === undefined) this.#sent(seq);
        else this.#refused(seq, entry, outcome.refusal);
        return outcome;
      },
      onFailed: () => isWanted() && this.#fail(seq, entry),
    });
  }

  /**
   * The new text stays as it is until the edit's live event replaces the message.
   * @param {number} seq
   */
  #sent(seq) {
    this.#drop(seq);
    const item = itemOf(seq);
    if (item?.dataset.state) item.dataset.state = 'sent';
  }

  /**
   * Back into the composer, unless the person writes something else there.
   * @param {number} seq
   * @param {Entry} entry
   * @param {string} refusal
   */
  #refused(seq, entry, refusal) {
    entry.refusal = refusal;
    this.#fail(seq, entry);
    if (this.#composer.isEmpty) this.#again(seq, entry);
  }

  /**
   * @param {number} seq
   * @param {Entry} entry
   */
  #fail(seq, entry) {
    entry.state = 'failed';
    this.#show(seq);
  }

  /**
   * The retry button. What was refused has to be changed first.
   * @param {number} seq
   * @param {Entry} entry
   */
  #again(seq, entry) {
    if (!entry.refusal) return this.save({ seq, body: entry.body });
    this.#discard(seq);
    this.#composer.edit(itemOf(seq), entry.body);
    this.#composer.showError(entry.refusal);
  }

  /** @param {number} seq */
  #discard(seq) {
    const rendered = this.#entries.get(seq)?.rendered;
    this.#drop(seq);
    const item = itemOf(seq);
    if (!item?.dataset.state) return;
    item.querySelector('.delivery').remove();
    if (rendered) item.querySelector('.body').replaceWith(rendered);
    else if (rendered === null) item.querySelector('.body').remove(); // it has only files
    delete item.dataset.state;
  }

  /** @param {number} seq */
  #drop(seq) {
    this.#entries.delete(seq);
    remove(STORE, this.#id(seq));
  }

  /** @param {number} seq */
  #show(seq) {
    const item = itemOf(seq);
    const entry = this.#entries.get(seq);
    if (!item || !entry) return;
    if (!item.dataset.state) this.#cover(item, entry);
    item.dataset.state = entry.state;
    item.querySelector('.body').textContent = entry.body.trimEnd();
    const line = item.querySelector('.delivery');
    if (entry.refusal) line.querySelector('.when-failed').textContent = entry.refusal;
    line.querySelector('.retry').onclick = () => this.#again(seq, entry);
    line.querySelector('.discard').onclick = () => this.#discard(seq);
  }

  /**
   * Puts the text as typed in place of the body from the server, and a line with its state below.
   * @param {Part} item
   * @param {Entry} entry
   */
  #cover(item, entry) {
    const outgoing = copyOf('#outgoing');
    const [body, line] = [outgoing.querySelector('.body'), outgoing.querySelector('.delivery')];
    entry.rendered = item.querySelector('.body');
    if (entry.rendered) entry.rendered.replaceWith(body);
    else (item.querySelector('.quote') ?? item.querySelector('.meta')).after(body);
    body.after(line);
  }

  /** @param {number} seq */
  #id(seq) {
    return `${document.body.dataset.me}-${this.#conversation}-${seq}`;
  }
}

/**
 * What the server rendered.
 * @param {Part | null} [body]
 */
function contentOf(body) {
  const copy = /** @type {Part | undefined} */ (body?.cloneNode(true));
  for (const button of copy?.querySelectorAll('.copy-code') ?? []) button.remove();
  return copy?.innerHTML;
}

/** @param {number} seq */
const itemOf = (seq) => document.querySelector(`#m${seq}:not(.deleted)`);
