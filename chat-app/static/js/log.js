// The messages on screen. Applies changes strictly in the order of their revs; sorts messages by seq; shows each once.

import { arrange, itemsOf, messagesOf, parse, positionOf } from './arrange.js';
import { followQuotes } from './excerpt.js';
import { foldLong } from './fold.js';
import { arrive, fetchPage, insertItems, replacePage, watchEnds } from './pages.js';

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
  /**
   * The request of the latest messages, while it runs.
   * @type {Promise<Document | null> | null}
   */
  #latest = null;
  /**
   * Called with each message that was placed.
   * @type {(item: Part) => void}
   */
  onPlaced = () => {};

  /** @param {{ me: string, rev: number, onGap: () => void, onSeen: (seq: number) => void }} options */
  constructor({ me, rev, onGap, onSeen }) {
    this.#me = me;
    this.#rev = rev;
    this.#onGap = onGap;
    this.#onSeen = onSeen;
    // The server read the messages after the rev, so the page may have newer changes already.
    for (const item of itemsOf(this.#list)) this.#hold(Number(item.dataset.rev), null);
    this.#drain();
    this.arrange();
    this.#watchEnds();
    this.#jump.addEventListener('click', async (event) => {
      event.preventDefault();
      if (await this.showLatest()) this.scrollToEnd();
    });
    this.#scroller.addEventListener('scroll', () => this.markSeen(), { passive: true });
    document.addEventListener('visibilitychange', () => this.markSeen());
    if (arrive(this.#list, this.#scroller)) this.#jump.hidden = false;
  }

  /** All changes up to this rev are applied. */
  get rev() {
    return this.#rev;
  }

  /**
   * A live change: applied at once if it is next, else held. No revs exist between `after` and `rev`.
   * @param {{ rev: number, html: string, after?: number }} change
   */
  apply({ rev, html, after }) {
    if (this.#ahead.get(rev)?.html !== null) this.#hold(rev, html, after);
    this.#drain();
  }

  /**
   * All changes in (from, to]. A rev without an item has nothing to show.
   * @param {RevRange} range
   */
  applyRange({ from, to, items }) {
    if (from > this.#rev) return;
    for (const { rev, html } of items) if (rev > this.#rev) this.#place(html);
    this.#rev = Math.max(this.#rev, to);
    this.#drain();
  }

  /**
   * The server has accepted an own message. Earlier revs may still be missing.
   * @param {{ rev: number, html: string }} answer
   */
  sent({ rev, html }) {
    this.#hold(rev, null);
    this.#place(html);
    this.#drain();
    this.showLatest();
  }

  /** Replaces a page of history by the latest messages, unless they are on screen. Returns whether they are now. */
  async showLatest() {
    if (this.#isAtLatest()) return true;
    this.#latest ??= fetchPage(location.pathname);
    const request = this.#latest;
    const page = await request;
    if (this.#latest !== request) return this.#isAtLatest(); // another caller waited for it too
    this.#latest = null;
    if (!page) return false;
    replacePage(page, this.#list);
    history.replaceState(history.state, '', location.pathname);
    this.#loaded(page);
    this.#watchEnds();
    this.scrollToEnd();
    return true;
  }

  /**
   * Appends an item that has no seq yet.
   * @param {Part} item
   */
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

  /**
   * Puts the line before the first unread message.
   * @param {Part} item
   */
  showUnread(item) {
    const line = this.#list.querySelector('.new-since') ?? parse('<li class="new-since" data-testid="new-since"></li>');
    line.textContent ||= this.#list.dataset.newSince;
    item.before(line);
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
    foldLong(this.#list);
    if (this.#list.querySelector('pre')) import('./code.js').then((code) => code.addCopyButtons(this.#list));
    for (const button of this.#list.querySelectorAll('.reaction')) {
      button.ariaPressed = String(button.dataset.users.split(' ').includes(this.#me));
    }
  }

  /**
   * @param {number} rev
   * @param {string | null} html
   * @param {number} after
   */
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

  #watchEnds() {
    watchEnds({ list: this.#list, region: this.#region, scroller: this.#scroller, onLoaded: (page) => this.#loaded(page) });
  }

  /**
   * Items of another page were added. What has changed since it was read was skipped here, as not on screen: it is requested.
   * @param {Document} page
   */
  #loaded(page) {
    this.arrange();
    const rev = Number(page.body.dataset.rev);
    if (rev >= this.#rev) return;
    this.#rev = rev;
    this.#requestGap();
  }

  #stopWaiting() {
    clearTimeout(this.#gapTimer);
    this.#gapTimer = 0;
  }

  #requestGap() {
    this.#onGap();
    this.#gapTimer = setTimeout(() => this.#requestGap(), RETRY_MS);
  }

  /**
   * Inserts or replaces an item: a message by its seq, a notice after its message.
   * @param {string} html
   */
  #place(html) {
    const item = parse(html);
    if (!item) return; // from a newer release: nothing to show
    const known = this.#known(item);
    if (Number(known?.dataset.rev) > Number(item.dataset.rev)) return; // an older state arrived late
    if (item.dataset.seq) followQuotes(this.#list, item);
    if (!known?.dataset.rev && (this.#isBeforeStart(item) || this.#isBelow(item))) {
      if (known) this.#jump.hidden = false; // an own message that was sent from a page of history
      known?.remove();
      return this.onPlaced(item);
    }
    const near = this.#isNearEnd();
    const { scrollTop: top, scrollHeight: height } = this.#scroller;
    if (known?.dataset.seq) known.replaceWith(item);
    else {
      known?.remove();
      insertItems(this.#list, [item]);
    }
    this.onPlaced(item);
    this.arrange();
    if (near) return this.scrollToEnd();
    // Keep the scroll position of what the person is reading: its distance to the end has changed.
    if (isBelowView(item, this.#scroller)) this.#scroller.scrollTop = top - (this.#scroller.scrollHeight - height);
    if (!known && item.dataset.seq && item.dataset.sender !== this.#me) this.#countBelow();
  }

  /** @param {Part} item */
  #known({ dataset: { seq, sender, clientId, rev } }) {
    if (!seq) return itemsOf(this.#list).find((other) => !other.dataset.seq && other.dataset.rev === rev);
    const own = `[data-client-id="${CSS.escape(clientId)}"][data-sender="${sender}"]`;
    return this.#list.querySelector(`#m${seq}, ${own}`);
  }

  /**
   * Whether the item is older than the loaded messages.
   * @param {Part} item
   */
  #isBeforeStart(item) {
    const first = messagesOf(this.#list)[0];
    return document.querySelector('.older') && first && positionOf(item) < Number(first.dataset.seq);
  }

  /**
   * Whether the item is newer than this page of history. Then it is only counted.
   * @param {Part} item
   */
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
    badge.textContent = String(this.#newBelow);
    badge.hidden = false;
    this.#jump.hidden = false;
  }

  #isAtLatest() {
    return !document.querySelector('.newer');
  }

  #isNearEnd() {
    return Math.abs(this.#scroller.scrollTop) < NEAR_END_PX;
  }
}

/**
 * @param {Part} item
 * @param {Part} scroller
 */
const isBelowView = (item, scroller) =>
  item.getBoundingClientRect().top > scroller.getBoundingClientRect().top;
