// The list of conversations: order, previews, unread counts; and the number in the title.

import { parse } from './log.js';
import { showRecent } from './time.js';

const RECHECKED = 20; // more than a person looks at

export class List {
  #list = document.querySelector('.conversations');
  #elsewhere = document.querySelector('.elsewhere');
  #me;
  #current;
  #title = document.body.dataset.title;
  #waiting = new Map(); // conversation → its messages while its item is being fetched

  constructor({ me, current }) {
    this.#me = me;
    this.#current = current;
    this.refresh();
    document.addEventListener('visibilitychange', () => document.hidden || this.refresh());
  }

  /** A message somewhere: its conversation comes to the top. */
  message(event) {
    const { conversation, seq, sender, html } = event;
    const item = this.#item(conversation);
    if (!item) return this.#fetch(event);
    if (seq <= Number(item.dataset.lastSeq)) return;
    const message = parse(html);
    item.dataset.lastSeq = seq;
    if (String(sender) === this.#me) item.dataset.lastRead = seq; // who sends has read
    item.dataset.at = item.querySelector('time').dateTime = message.querySelector('time').dateTime;
    const preview = item.querySelector('.preview');
    preview.dataset.sender = sender;
    preview.textContent = message.querySelector('.body').textContent.replace(/\s+/g, ' ').slice(0, 120);
    this.#show(item);
  }

  /** The item as the server has it now. */
  head({ conversation, html }) {
    const known = this.#item(conversation);
    const item = parse(html);
    if (known && Number(known.dataset.lastSeq) > Number(item.dataset.lastSeq)) return;
    if (known) {
      item.dataset.lastRead = Math.max(Number(known.dataset.lastRead), Number(item.dataset.lastRead));
      known.replaceWith(item);
    }
    if (conversation === this.#current) item.querySelector('a').ariaCurrent = 'page';
    this.#show(item);
  }

  /** Read up to a message, here or on another device. */
  read({ conversation, last_read }) {
    const item = this.#item(conversation);
    if (!item || last_read <= Number(item.dataset.lastRead)) return;
    item.dataset.lastRead = last_read;
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
    const unread = unreadOf(item);
    let badge = item.querySelector('.badge');
    if (unread > 0 && !badge) {
      badge = parse('<span class="badge" data-testid="unread"></span>');
      item.querySelector('a').append(badge);
    }
    if (unread > 0) badge.textContent = unread;
    else badge?.remove();
  }

  #total() {
    const items = Array.from(this.#list.children);
    const total = items.reduce((sum, item) => sum + unreadOf(item), 0);
    document.title = total > 0 ? `(${total}) ${this.#title}` : this.#title;
    if (!this.#elsewhere) return;
    const current = this.#current && this.#item(this.#current);
    const elsewhere = total - (current ? unreadOf(current) : 0);
    this.#elsewhere.hidden = elsewhere === 0;
    this.#elsewhere.textContent = elsewhere;
  }
}

const unreadOf = (item) => Math.max(0, Number(item.dataset.lastSeq) - Number(item.dataset.lastRead));
