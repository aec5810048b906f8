// The messages on screen. Applies changes strictly in the order of their revs; sorts messages by seq; shows each once.

import { arrange, itemsOf, messagesOf, parse } from './arrange.js';
import { watchEnds } from './pages.js';

// How long to wait for a missing rev before requesting it. This is short: a replica sends changes in order, so a missing one
// rarely arrives late; mostly it belongs to a message from before this person joined.
const GAP_MS = 150;
const RETRY_MS = 1_000;
const NEAR_END_PX = 80;

export class Log {
  #list = document.querySelector('.messages');
  #region = document.querySelector('[data-testid=messages]');
  #scroller = document.querySelector('.scroller');
  #jump = document.querySelector('.jump');
  #me;
  #rev;
  #ahead = new Map(); // rev → the rev before it and its html, null if it is on screen already
  #gapTimer = 0;
  #newBelow = 0;
  #onGap;
  #onSeen;

  constructor({ me, rev, onGap, onSeen }) {
    this.#me = me;
    this.#rev = rev;
    this.#onGap = onGap;
    this.#onSeen = onSeen;
    // The server read the messages after the rev, so the page may have newer changes already.
    for (const item of itemsOf(this.#list)) this.#hold(Number(item.dataset.rev), null);
    this.#drain();
    this.arrange();
    watchEnds({ list: this.#list, region: this.#region, scroller: this.#scroller, onLoaded: () => this.arrange() });
    this.#jump.addEventListener('click', (event) => {
      if (!this.#isAtLatest()) return; // the link loads the latest
      event.preventDefault();
      this.scrollToEnd();
    });
    this.#scroller.addEventListener('scroll', () => this.markSeen(), { passive: true });
    document.addEventListener('visibilitychange', () => this.markSeen());
    this.#scrollToUnread();
  }

  /** All changes up to this rev are applied. */
  get rev() {
    return this.#rev;
  }

  /** A live change: applied at once if it is next, else held. No revs exist between `after` and `rev`. */
  apply({ rev, html, after }) {
    if (this.#ahead.get(rev)?.html !== null) this.#hold(rev, html, after);
    this.#drain();
  }

  /** All changes in (from, to]. A rev without an item has nothing to show. */
  applyRange({ from, to, items }) {
    if (from > this.#rev) return;
    for (const { rev, html } of items) if (rev > this.#rev) this.#place(html);
    this.#rev = Math.max(this.#rev, to);
    this.#drain();
  }

  /** The server has accepted an own message. Earlier revs may still be missing. */
  sent({ rev, html }) {
    this.#hold(rev, null);
    this.#place(html);
    this.#drain();
  }

  /** Appends an item that has no seq yet. */
  append(item) {
    this.#list.append(item);
    this.arrange();
    this.scrollToEnd();
  }

  /** This person's newest message that is not deleted. */
  lastOwn() {
    return messagesOf(this.#list).findLast(
      (item) => item.dataset.sender === this.#me && item.dataset.seq && !item.matches('.deleted'),
    );
  }

  scrollToEnd() {
    this.#scroller.scrollTop = 0; // the column is reversed: 0 is its end
    this.markSeen();
  }

  /** Reports the newest message as read, if it is on screen. */
  markSeen() {
    const near = this.#isNearEnd() && this.#isAtLatest();
    if (near) {
      this.#jump.hidden = true;
      this.#newBelow = 0;
    }
    const newest = messagesOf(this.#list).findLast((item) => item.dataset.seq);
    if (near && !document.hidden && newest) this.#onSeen(Number(newest.dataset.seq));
  }

  /** Updates times and separators after a change. */
  arrange() {
    arrange(this.#list);
    for (const button of this.#list.querySelectorAll('.reaction')) {
      button.ariaPressed = button.dataset.users.split(' ').includes(this.#me);
    }
  }

  #hold(rev, html, after = rev - 1) {
    if (rev > this.#rev) this.#ahead.set(rev, { after, html });
  }

  #drain() {
    const before = this.#rev;
    for (const rev of [...this.#ahead.keys()].sort((a, b) => a - b)) {
      const { after, html } = this.#ahead.get(rev);
      if (after > this.#rev && rev > this.#rev) break;
      this.#ahead.delete(rev);
      if (rev <= this.#rev) continue;
      this.#rev = rev;
      if (html !== null) this.#place(html);
    }
    if (this.#ahead.size === 0 || this.#rev > before) this.#stopWaiting();
    // The timer starts when the gap appears; later changes do not restart it.
    if (this.#ahead.size > 0) this.#gapTimer ||= setTimeout(() => this.#requestGap(), GAP_MS);
  }

  #stopWaiting() {
    clearTimeout(this.#gapTimer);
    this.#gapTimer = 0;
  }

  #requestGap() {
    this.#onGap();
    this.#gapTimer = setTimeout(() => this.#requestGap(), RETRY_MS);
  }

  /** Inserts or replaces an item: a message by its seq, a notice after its message. */
  #place(html) {
    const item = parse(html);
    if (!item) return; // from a newer release: nothing to show
    const known = this.#known(item);
    if (Number(known?.dataset.rev) > Number(item.dataset.rev)) return; // an older state arrived late
    if (!known && (this.#isBeforeStart(item) || this.#isBelow(item))) return;
    const near = this.#isNearEnd();
    const { scrollTop: top, scrollHeight: height } = this.#scroller;
    if (known?.dataset.seq) known.replaceWith(item);
    else {
      known?.remove();
      this.#insert(item);
    }
    if (item.matches('.deleted')) this.#clearQuotes(item.dataset.seq);
    this.arrange();
    if (near) return this.scrollToEnd();
    // Keep the scroll position of what the person is reading: its distance to the end has changed.
    if (isBelowView(item, this.#scroller)) this.#scroller.scrollTop = top - (this.#scroller.scrollHeight - height);
    if (!known && item.dataset.seq && item.dataset.sender !== this.#me) this.#countBelow();
  }

  #insert(item) {
    const before = itemsOf(this.#list).findLast((other) => comesBefore(other, item));
    if (before) before.after(item);
    else this.#list.prepend(item);
  }

  #known({ dataset: { seq, sender, clientId, rev } }) {
    if (!seq) return itemsOf(this.#list).find((other) => !other.dataset.seq && other.dataset.rev === rev);
    const own = `[data-client-id="${CSS.escape(clientId)}"][data-sender="${sender}"]`;
    return this.#list.querySelector(`#m${seq}, ${own}`);
  }

  /** Whether the item is older than the loaded messages. */
  #isBeforeStart(item) {
    const first = messagesOf(this.#list)[0];
    return document.querySelector('.older') && first && positionOf(item) < Number(first.dataset.seq);
  }

  /** Whether the item is newer than this page of history. Then it is only counted. */
  #isBelow(item) {
    if (this.#isAtLatest()) return false;
    const last = messagesOf(this.#list).findLast((other) => other.dataset.seq);
    const below = last && positionOf(item) > Number(last.dataset.seq);
    if (below && item.dataset.seq && item.dataset.sender !== this.#me) this.#countBelow();
    return below;
  }

  #countBelow() {
    this.#newBelow += 1;
    const badge = this.#jump.querySelector('.badge');
    badge.textContent = this.#newBelow;
    badge.hidden = false;
    this.#jump.hidden = false;
  }

  #clearQuotes(seq) {
    for (const quote of this.#list.querySelectorAll(`.quote[data-quote="${seq}"] > span`)) {
      quote.textContent = '';
      quote.dataset.t = 'deleted';
    }
  }

  #isAtLatest() {
    return !document.querySelector('.newer');
  }

  #isNearEnd() {
    return Math.abs(this.#scroller.scrollTop) < NEAR_END_PX;
  }

  /** Scrolls to the first unread message, unless it is in view already. */
  #scrollToUnread() {
    const line = this.#list.querySelector('.new-since');
    if (!line || location.hash) return;
    const above = line.getBoundingClientRect().top < this.#scroller.getBoundingClientRect().top;
    if (!above) return;
    line.scrollIntoView({ block: 'start' });
    this.#jump.hidden = false;
  }
}

/** The seq of a message, or of the message before a notice. */
const positionOf = ({ dataset }) => Number(dataset.seq ?? dataset.after);

function comesBefore(other, item) {
  if (!other.dataset.seq && !other.dataset.after) return false; // not sent yet
  const [a, b] = [positionOf(other), positionOf(item)];
  if (a !== b) return a < b;
  return Boolean(other.dataset.seq) || Number(other.dataset.rev) < Number(item.dataset.rev);
}

const isBelowView = (item, scroller) =>
  item.getBoundingClientRect().top > scroller.getBoundingClientRect().top;
