// The list of conversations: order, previews, counts of unread messages and mentions, and the number in the title.

import { parse, senderOf } from './arrange.js';
import { showExcerpt } from './excerpt.js';
import { showRecent } from './time.js';

const MAX_RECHECKED = 20; // more than anybody has on screen
const PREVIEW_CHARS = 120; // like the server

/** @typedef {Pick<MessageFrame, 'type' | 'conversation' | 'seq' | 'sender' | 'html' | 'mentions'>} Incoming */

export class List {
  #list = document.querySelector('.conversations');
  #elsewhere = document.querySelector('.elsewhere');
  #me;
  #current;
  #title = document.body.dataset.title ?? '';
  #badge = 0; // the number on the icons
  /** @type {Map<number, Incoming[]>} */
  #waiting = new Map(); // of a conversation whose item is being fetched

  /** @param {{ me: string, current: number | null }} options */
  constructor({ me, current }) {
    this.#me = me;
    this.#current = current;
    this.refresh();
    document.addEventListener('visibilitychange', () => document.hidden || this.refresh());
  }

  /**
   * A message in any conversation, new or changed. A new one moves its conversation to the top.
   * @param {Incoming} event
   */
  message(event) {
    const { conversation, seq, sender, html, mentions = [] } = event;
    const item = this.#item(conversation);
    if (!item) return this.#fetch(event);
    const last = Number(item.dataset.lastSeq);
    // Only the server knows how many unread messages are tombstones.
    if (event.type === 'changed' && seq > Number(item.dataset.lastRead) && parse(html).matches('.deleted')) {
      return this.#load(conversation);
    }
    if (seq < last || (seq === last && event.type === 'message')) return;
    const message = parse(html);
    if (seq > last) {
      item.dataset.lastSeq = seq;
      if (String(sender) === this.#me) {
        item.dataset.lastRead = seq; // the sender has read it
        delete item.dataset.tombstones;
      }
      else if (mentions.map(String).includes(this.#me)) item.dataset.mentions = Number(item.dataset.mentions) + 1;
      item.dataset.at = item.querySelector('time').dateTime = message.querySelector('time').dateTime;
    }
    preview(item, message);
    this.#show(item);
  }

  /**
   * A notice: reloads the conversation's item.
   * @param {NoticeFrame} frame
   */
  notice({ conversation }) {
    return this.#load(conversation);
  }

  /**
   * Replaces an item by a newer one from the server.
   * @param {Head} head
   */
  head({ conversation, html }) {
    const known = this.#item(conversation);
    const item = parse(html);
    if (known && Number(known.dataset.lastSeq) > Number(item.dataset.lastSeq)) return;
    if (known) {
      if (versionOf(known) === versionOf(item)) {
        item.dataset.lastRead = Math.max(Number(known.dataset.lastRead), Number(item.dataset.lastRead));
      }
      known.replaceWith(item);
    }
    if (conversation === this.#current) item.querySelector('a').ariaCurrent = 'page';
    this.#show(item);
  }

  /**
   * This person is no longer a member of the conversation.
   * @param {number} conversation
   */
  remove(conversation) {
    this.#item(conversation)?.remove();
    this.#total();
  }

  /**
   * Read up to a message, here or on another device. A newer version may also mark messages as unread.
   * @param {{ conversation: number, last_read: number, version?: number }} mark
   */
  read({ conversation, last_read, version }) {
    const item = this.#item(conversation);
    if (!item) return;
    const known = versionOf(item);
    if (version !== undefined && version > known) {
      item.dataset.readVersion = version;
      item.dataset.lastRead = last_read;
      return this.#load(conversation); // only the server knows which mentions are unread
    }
    if ((version !== undefined && version < known) || last_read <= Number(item.dataset.lastRead)) return;
    item.dataset.lastRead = last_read;
    if (Number(item.dataset.tombstones) > 0) return this.#load(conversation);
    if (unreadOf(item) === 0) item.dataset.mentions = 0;
    this.#count(item);
    this.#total();
  }

  /** Updates relative times, also after the page returns from a cache. */
  refresh() {
    for (const time of this.#list.querySelectorAll('time')) showRecent(time);
    this.#total();
  }

  /** After a reconnect: messages may have been read on another device, which a resume does not report. */
  async recheck() {
    const unread = this.#items().filter((item) => unreadOf(item) > 0);
    for (const item of unread.slice(0, MAX_RECHECKED)) await this.#load(Number(item.dataset.conversation));
  }

  /**
   * Adds items from another page's list, and returns those that are new.
   * @param {NodeListOf<Part>} items
   */
  add(items) {
    const added = Array.from(items).filter((item) => !this.#item(item.dataset.conversation));
    for (const item of added) {
      item.remove(); // from its document, or #show would leave it there
      this.#show(item);
    }
    return added;
  }

  /**
   * The URL of the next or previous conversation in the list.
   * @param {number} step
   */
  neighbor(step) {
    const items = this.#items();
    const at = items.findIndex((item) => Number(item.dataset.conversation) === this.#current);
    return items[at < 0 ? 0 : at + step]?.querySelector('a').href;
  }

  #items() {
    return Array.from(this.#list.querySelectorAll(':scope > [data-conversation]'));
  }

  /**
   * @param {number | string} conversation
   * @returns {Part | undefined}
   */
  #item(conversation) {
    return this.#list.querySelector(`[data-conversation="${conversation}"]`);
  }

  /** @param {Incoming} event */
  async #fetch(event) {
    const { conversation } = event;
    const others = this.#waiting.get(conversation);
    if (others) return others.push(event);
    /** @type {Incoming[]} */
    const waiting = [];
    this.#waiting.set(conversation, waiting);
    await this.#load(conversation);
    this.#waiting.delete(conversation);
    if (this.#item(conversation)) for (const later of waiting) this.message(later);
  }

  /** @param {number} conversation */
  async #load(conversation) {
    try {
      const response = await fetch(`/c/${conversation}/item`);
      if (response.ok) this.head({ conversation, html: await response.text() });
      else if (response.status === 404) this.remove(conversation);
    } catch {
      // The next resume updates it.
    }
  }

  /** @param {Part} item */
  #show(item) {
    showRecent(item.querySelector('time'));
    this.#count(item);
    const focused = item.querySelector(':focus');
    const after = this.#items().find((other) => other !== item && other.dataset.at <= item.dataset.at);
    if (!item.isConnected || item.nextElementSibling !== (after ?? null)) this.#list.insertBefore(item, after ?? null);
    focused?.focus();
    this.#total();
  }

  /** @param {Part} item */
  #count(item) {
    badge(item, 'badge', 'unread', unreadOf(item), '');
    badge(item, 'mentioned', 'mentions', unreadOf(item) > 0 ? Number(item.dataset.mentions) : 0, '@');
  }

  #total() {
    const items = this.#items();
    /** @param {Part} item */
    const counted = (item) => (item.dataset.level === 'none' ? 0 : unreadOf(item));
    const total = items.reduce((sum, item) => sum + counted(item), 0);
    document.title = total > 0 ? `(${total}) ${this.#title}` : this.#title;
    if (total !== this.#badge) import('./badge.js').then((badge) => badge.show(total));
    this.#badge = total;
    if (!this.#elsewhere) return;
    const current = this.#current && this.#item(this.#current);
    const elsewhere = total - (current ? counted(current) : 0);
    this.#elsewhere.hidden = elsewhere === 0;
    this.#elsewhere.textContent = String(elsewhere);
  }
}

/**
 * Shows the beginning of a message, like the server does.
 * @param {Part} item
 * @param {Part} message
 */
function preview(item, message) {
  const line = item.querySelector('.preview');
  line.dataset.sender = message.dataset.sender;
  line.replaceChildren();
  delete line.dataset.t;
  if (message.matches('.deleted')) line.dataset.t = 'deleted';
  else {
    const name = document.createElement('b');
    const app = message.querySelector('.meta .app-label') && parse('<span class="app-label" data-t="app"></span>');
    const sender = Object.assign(document.createElement('bdi'), { textContent: senderOf(message) });
    name.append(sender, ...(app ? [' ', app] : []), ': ');
    const text = document.createElement('span');
    text.dir = 'auto';
    showExcerpt(text, message, PREVIEW_CHARS);
    line.append(...(item.dataset.kind === 'direct' ? [] : [name]), text);
  }
}

/**
 * Shows a number on an item, or nothing for 0.
 * @param {Part} item
 * @param {string} name
 * @param {string} testid
 * @param {number} count
 * @param {string} sign
 */
function badge(item, name, testid, count, sign) {
  let number = item.querySelector(`.${name}`);
  if (count > 0 && !number) {
    number = parse(`<span class="${name}" data-testid="${testid}"></span>`);
    item.querySelector('a').append(number);
  }
  if (count > 0) number.textContent = `${sign}${count}`;
  else number?.remove();
}

/** @param {Part} item */
const versionOf = (item) => Number(item.dataset.readVersion);
/** @param {Part} item */
const unreadOf = ({ dataset: { lastSeq, lastRead, tombstones = 0 } }) => Math.max(0, lastSeq - lastRead - tombstones);
