// The messages on screen: changes applied strictly in the order of their revs, messages placed by seq, shown once.

import { arrange, itemsOf, messagesOf, parse } from './arrange.js';
import { watchEnds } from './pages.js';

// How long a missing rev may be on its way before it is asked for: not long, for it hardly is. A replica hands changes out in
// order; one that never comes is of a message from before this person's time.
const HOLE_MS = 150;
const AGAIN_MS = 1_000;
const NEAR_END_PX = 80;

export class Log {
  #list = document.querySelector('.messages');
  #region = document.querySelector('[data-testid=messages]');
  #scroller = document.querySelector('.scroller');
  #jump = document.querySelector('.jump');
  #me;
  #rev;
  #ahead = new Map(); // rev → the rev it follows, and html, or null where it is on screen already
  #hole = 0;
  #missedBelow = 0;
  #onHole;
  #onSeen;

  constructor({ me, rev, onHole, onSeen }) {
    this.#me = me;
    this.#rev = rev;
    this.#onHole = onHole;
    this.#onSeen = onSeen;
    // The page was read after its rev: what it holds beyond is known.
    for (const item of itemsOf(this.#list)) this.#hold(Number(item.dataset.rev), null);
    this.#drain();
    this.arrange();
    watchEnds({ list: this.#list, region: this.#region, scroller: this.#scroller, onLoaded: () => this.arrange() });
    this.#jump.addEventListener('click', (event) => {
      if (!this.#isAtLatest()) return; // the link loads the latest
      event.preventDefault();
      this.scrollToEnd();
    });
    this.#scroller.addEventListener('scroll', () => this.see(), { passive: true });
    document.addEventListener('visibilitychange', () => this.see());
    this.#showNew();
  }

  /** The end of what is known without a gap. */
  get rev() {
    return this.#rev;
  }

  /** A live change: in order it is placed at once, ahead of order it is held. Revs after `after` before it are gone. */
  apply({ rev, html, after }) {
    if (this.#ahead.get(rev)?.html !== null) this.#hold(rev, html, after);
    this.#drain();
  }

  /** The answer to a fetch of all revs after `from` up to `to`; where a rev has no item, there is nothing to show. */
  applyRange({ from, to, items }) {
    if (from > this.#rev) return;
    for (const { rev, html } of items) if (rev > this.#rev) this.#place(html);
    this.#rev = Math.max(this.#rev, to);
    this.#drain();
  }

  /** An own message that the server has taken. Its rev may be ahead of others' that are still on their way. */
  sent({ rev, html }) {
    this.#hold(rev, null);
    this.#place(html);
    this.#drain();
  }

  /** Puts an item that has no seq yet at the end. */
  append(item) {
    this.#list.append(item);
    this.arrange();
    this.scrollToEnd();
  }

  /** The newest message that this person sent, unless it was deleted. */
  lastOwn() {
    return messagesOf(this.#list).findLast(
      (item) => item.dataset.sender === this.#me && item.dataset.seq && !item.matches('.deleted'),
    );
  }

  scrollToEnd() {
    this.#scroller.scrollTop = 0; // the column is reversed: 0 is its end
    this.see();
  }

  /** Tells how far has been read, if somebody looks. */
  see() {
    const near = this.#isNearEnd() && this.#isAtLatest();
    if (near) {
      this.#jump.hidden = true;
      this.#missedBelow = 0;
    }
    const newest = messagesOf(this.#list).findLast((item) => item.dataset.seq);
    if (near && !document.hidden && newest) this.#onSeen(Number(newest.dataset.seq));
  }

  /** Puts times, days and turns right, after anything changed. */
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
    // A hole has its time from when it appears, however much comes behind it.
    if (this.#ahead.size > 0) this.#hole ||= setTimeout(() => this.#ask(), HOLE_MS);
  }

  #stopWaiting() {
    clearTimeout(this.#hole);
    this.#hole = 0;
  }

  #ask() {
    this.#onHole();
    this.#hole = setTimeout(() => this.#ask(), AGAIN_MS);
  }

  /** Places what has a place: a message by its seq, anything else after the message that it names. */
  #place(html) {
    const item = parse(html);
    if (!item) return; // of a newer release: nothing to show
    const known = this.#known(item);
    if (Number(known?.dataset.rev) > Number(item.dataset.rev)) return; // an older state comes late
    if (!known && (this.#isBeforeStart(item) || this.#isBelow(item))) return;
    const near = this.#isNearEnd();
    const { scrollTop: top, scrollHeight: height } = this.#scroller;
    if (known?.dataset.seq) known.replaceWith(item);
    else {
      known?.remove();
      this.#insert(item);
    }
    if (item.matches('.deleted')) this.#forgetQuotes(item.dataset.seq);
    this.arrange();
    if (near) return this.scrollToEnd();
    // What is being read stays where it is: above it nothing may move, and the distance to the end has changed.
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

  /** Whether it belongs to history that is not loaded. */
  #isBeforeStart(item) {
    const first = messagesOf(this.#list)[0];
    return document.querySelector('.older') && first && placeOf(item) < Number(first.dataset.seq);
  }

  /** Whether it belongs to what comes after a page of history; then it is only counted. */
  #isBelow(item) {
    if (this.#isAtLatest()) return false;
    const last = messagesOf(this.#list).findLast((other) => other.dataset.seq);
    const below = last && placeOf(item) > Number(last.dataset.seq);
    if (below && item.dataset.seq && item.dataset.sender !== this.#me) this.#countBelow();
    return below;
  }

  #countBelow() {
    this.#missedBelow += 1;
    const badge = this.#jump.querySelector('.badge');
    badge.textContent = this.#missedBelow;
    badge.hidden = false;
    this.#jump.hidden = false;
  }

  #forgetQuotes(seq) {
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

  /** Opens where the new begins, unless that is in view already. */
  #showNew() {
    const line = this.#list.querySelector('.new-since');
    if (!line || location.hash) return;
    const above = line.getBoundingClientRect().top < this.#scroller.getBoundingClientRect().top;
    if (!above) return;
    line.scrollIntoView({ block: 'start' });
    this.#jump.hidden = false;
  }
}

/** The seq of a message, or the one that a notice comes after. */
const placeOf = ({ dataset }) => Number(dataset.seq ?? dataset.after);

function comesBefore(other, item) {
  if (!other.dataset.seq && !other.dataset.after) return false; // on its way
  const [a, b] = [placeOf(other), placeOf(item)];
  if (a !== b) return a < b;
  return Boolean(other.dataset.seq) || Number(other.dataset.rev) < Number(item.dataset.rev);
}

const isBelowView = (item, scroller) =>
  item.getBoundingClientRect().top > scroller.getBoundingClientRect().top;
