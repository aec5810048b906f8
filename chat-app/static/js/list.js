// The list of conversations: order, previews, unread counts and mentions; and the number in the title.

import { parse, senderOf } from './arrange.js';
import { showExcerpt } from './excerpt.js';
import { showRecent } from './time.js';

const RECHECKED = 20; // more than a person looks at
const SHOWN_CHARS = 120; // as the server

export class List {
  #list = document.querySelector('.conversations');
  #elsewhere = document.querySelector('.elsewhere');
  #me;
  #current;
  #title = document.body.dataset.title;
  #badge = 0; // on the icons
  #waiting = new Map(); // conversation → its messages while its item is being fetched

  constructor({ me, current }) {
    this.#me = me;
    this.#current = current;
    this.refresh();
    document.addEventListener('visibilitychange', () => document.hidden || this.refresh());
  }

  /** A message somewhere, new or changed: with a new one its conversation comes to the top. */
  message(event) {
    const { conversation, seq, sender, html, mentions = [] } = event;
    const item = this.#item(conversation);
    if (!item) return this.#fetch(event);
    const last = Number(item.dataset.lastSeq);
    if (seq < last || (seq === last && event.type === 'message')) return;
    const message = parse(html);
    if (seq > last) {
      item.dataset.lastSeq = seq;
      if (String(sender) === this.#me) item.dataset.lastRead = seq; // who sends has read
      else if (mentions.map(String).includes(this.#me)) item.dataset.mentions = Number(item.dataset.mentions) + 1;
      item.dataset.at = item.querySelector('time').dateTime = message.querySelector('time').dateTime;
    }
    preview(item, message);
    this.#show(item);
  }

  /** Something happened to a conversation: its item as the server has it now, or none. */
  notice({ conversation }) {
    return this.#load(conversation);
  }

  /** The item as the server has it now. */
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

  /** This person is not in the conversation any more. */
  remove(conversation) {
    this.#item(conversation)?.remove();
    this.#total();
  }

  /** Read up to a message, here or on another device; a later version also makes unread again. */
  read({ conversation, last_read, version }) {
    const item = this.#item(conversation);
    if (!item) return;
    const known = versionOf(item);
    if (version !== undefined && version > known) {
      item.dataset.readVersion = version;
      item.dataset.lastRead = last_read;
      return this.#load(conversation); // which mentions are unread again, the server knows
    }
    if ((version !== undefined && version < known) || last_read <= Number(item.dataset.lastRead)) return;
    item.dataset.lastRead = last_read;
    if (unreadOf(item) === 0) item.dataset.mentions = 0;
    this.#count(item);
    this.#total();
  }

  /** Times move on, and a page may come back from a cache. */
  refresh() {
    for (const time of this.#list.querySelectorAll('time')) showRecent(time);
    this.#total();
  }

  /** After an absence: what was unread then may have been read on another device, which is no change of a conversation. */
  async recheck() {
    const unread = Array.from(this.#list.children).filter((item) => unreadOf(item) > 0);
    for (const item of unread.slice(0, RECHECKED)) await this.#load(Number(item.dataset.conversation));
  }

  /** Items of another page's list; answers those that were not there yet. */
  add(items) {
    const fresh = Array.from(items).filter((item) => !this.#item(item.dataset.conversation));
    for (const item of fresh) {
      item.remove(); // from that page: one that is in a document counts as in its place
      this.#show(item);
    }
    return fresh;
  }

  /** Where the next or previous conversation of the list is. */
  neighbour(step) {
    const items = Array.from(this.#list.children);
    const at = items.findIndex((item) => Number(item.dataset.conversation) === this.#current);
    return items[at < 0 ? 0 : at + step]?.querySelector('a').href;
  }

  #item(conversation) {
    return this.#list.querySelector(`[data-conversation="${conversation}"]`);
  }

  async #fetch(event) {
    const { conversation } = event;
    if (this.#waiting.has(conversation)) return this.#waiting.get(conversation).push(event);
    const waiting = [];
    this.#waiting.set(conversation, waiting);
    await this.#load(conversation);
    this.#waiting.delete(conversation);
    if (this.#item(conversation)) waiting.forEach((later) => this.message(later));
  }

  async #load(conversation) {
    try {
      const response = await fetch(`/c/${conversation}/item`);
      if (response.ok) this.head({ conversation, html: await response.text() });
      else if (response.status === 404) this.remove(conversation);
    } catch {
      // The next resume brings it.
    }
  }

  #show(item) {
    showRecent(item.querySelector('time'));
    this.#count(item);
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    const after = Array.from(this.#list.children).find((other) => other !== item && other.dataset.at <= item.dataset.at);
    if (!item.isConnected || item.nextElementSibling !== (after ?? null)) this.#list.insertBefore(item, after ?? null);
    focused?.focus();
    this.#total();
  }

  #count(item) {
    badge(item, 'badge', 'unread', unreadOf(item), '');
    badge(item, 'mentioned', 'mentions', unreadOf(item) > 0 ? Number(item.dataset.mentions) : 0, '@');
  }

  #total() {
    const items = Array.from(this.#list.children);
    const counted = (item) => (item.dataset.level === 'none' ? 0 : unreadOf(item));
    const total = items.reduce((sum, item) => sum + counted(item), 0);
    document.title = total > 0 ? `(${total}) ${this.#title}` : this.#title;
    if (total !== this.#badge) import('./badge.js').then((badge) => badge.show(total));
    this.#badge = total;
    if (!this.#elsewhere) return;
    const current = this.#current && this.#item(this.#current);
    const elsewhere = total - (current ? counted(current) : 0);
    this.#elsewhere.hidden = elsewhere === 0;
    this.#elsewhere.textContent = elsewhere;
  }
}

/** The beginning of a message, as the server writes it. */
function preview(item, message) {
  const line = item.querySelector('.preview');
  line.dataset.sender = message.dataset.sender;
  line.replaceChildren();
  delete line.dataset.t;
  if (message.matches('.deleted')) line.dataset.t = 'deleted';
  else {
    const name = document.createElement('b');
    name.append(Object.assign(document.createElement('bdi'), { textContent: senderOf(message) }), ': ');
    const text = document.createElement('span');
    text.dir = 'auto';
    showExcerpt(text, message, SHOWN_CHARS);
    line.append(...(item.dataset.kind === 'direct' ? [] : [name]), text);
  }
}

/** A number on an item; none where it is 0. */
function badge(item, name, testid, count, sign) {
  let place = item.querySelector(`.${name}`);
  if (count > 0 && !place) {
    place = parse(`<span class="${name}" data-testid="${testid}"></span>`);
    item.querySelector('a').append(place);
  }
  if (count > 0) place.textContent = `${sign}${count}`;
  else place?.remove();
}

const versionOf = (item) => Number(item.dataset.readVersion);
const unreadOf = (item) => Math.max(0, Number(item.dataset.lastSeq) - Number(item.dataset.lastRead));
