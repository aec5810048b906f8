// The messages on screen: applied strictly in the order of their revs, placed by seq, shown once.

import { sameDay, showClock, showDay } from './time.js';

const HOLE_MS = 1_000; // how long a missing rev may be on its way before it is asked for
const TURN_MS = 300_000; // as TURN_SECONDS on the server
const NEAR_END_PX = 80;

export class Log {
  #list = document.querySelector('.messages');
  #region = document.querySelector('[data-testid=messages]');
  #scroller = document.querySelector('.scroller');
  #jump = document.querySelector('.jump');
  #older = document.querySelector('.older');
  #me;
  #rev;
  #ahead = new Map(); // rev → html, or null where it is on screen already
  #hole = 0;
  #onHole;
  #onSeen;

  constructor({ me, rev, onHole, onSeen }) {
    this.#me = me;
    this.#rev = rev;
    this.#onHole = onHole;
    this.#onSeen = onSeen;
    // The page was read after its rev: what it holds beyond is known.
    for (const item of this.#messages()) this.#ahead.set(Number(item.dataset.rev), null);
    this.#drain();
    this.arrange();
    this.#watchOlder();
    this.#jump.addEventListener('click', () => this.scrollToEnd());
    this.#scroller.addEventListener('scroll', () => this.see(), { passive: true });
    document.addEventListener('visibilitychange', () => this.see());
  }

  /** The end of what is known without a gap. */
  get rev() {
    return this.#rev;
  }

  /** A live event: in order it is placed at once, ahead of order it is held. */
  apply({ rev, html }) {
    if (rev > this.#rev && this.#ahead.get(rev) !== null) this.#ahead.set(rev, html);
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
    if (rev > this.#rev) this.#ahead.set(rev, null);
    this.#place(html);
    this.#drain();
  }

  /** Puts an item that has no seq yet at the end. */
  append(item) {
    this.#list.append(item);
    this.arrange();
    this.scrollToEnd();
  }

  scrollToEnd() {
    this.#scroller.scrollTop = 0; // the column is reversed: 0 is its end
    this.see();
  }

  /** Tells how far has been read, if somebody looks. */
  see() {
    const near = this.#isNearEnd();
    if (near) this.#jump.hidden = true;
    const newest = this.#messages().findLast((item) => item.dataset.seq);
    if (near && !document.hidden && newest) this.#onSeen(Number(newest.dataset.seq));
  }

  /** Puts times, days and turns right, after anything changed. */
  arrange() {
    arrange(this.#list);
  }

  #drain() {
    for (const rev of this.#ahead.keys()) if (rev <= this.#rev) this.#ahead.delete(rev);
    while (this.#ahead.has(this.#rev + 1)) {
      this.#rev += 1;
      const html = this.#ahead.get(this.#rev);
      this.#ahead.delete(this.#rev);
      if (html !== null) this.#place(html);
    }
    clearTimeout(this.#hole);
    if (this.#ahead.size > 0) this.#hole = setTimeout(this.#onHole, HOLE_MS);
  }

  #place(html) {
    const item = parse(html);
    const { seq, sender, clientId } = item.dataset;
    const top = this.#scroller.scrollTop;
    const height = this.#scroller.scrollHeight;
    const near = this.#isNearEnd();
    const known = this.#list.querySelector(`[data-client-id="${CSS.escape(clientId)}"][data-sender="${sender}"]`);
    if (!known && this.#isBeforeStart(Number(seq))) return;
    known?.remove();
    const before = this.#messages().findLast((other) => Number(other.dataset.seq) < Number(seq));
    if (before) before.after(item);
    else this.#list.prepend(item);
    this.arrange();
    if (near) return this.scrollToEnd();
    // What is being read stays where it is; the distance to the end has grown.
    this.#scroller.scrollTop = top - (this.#scroller.scrollHeight - height);
    if (sender !== this.#me && !known) this.#jump.hidden = false;
  }

  /** Whether a message belongs to history that is not loaded. */
  #isBeforeStart(seq) {
    const first = this.#messages()[0];
    return this.#older?.isConnected && first && seq < Number(first.dataset.seq);
  }

  #isNearEnd() {
    return Math.abs(this.#scroller.scrollTop) < NEAR_END_PX;
  }

  #messages() {
    return messagesOf(this.#list);
  }

  #watchOlder() {
    if (!this.#older) return;
    this.#older.addEventListener('click', (event) => {
      event.preventDefault();
      load();
    });
    const margin = { root: this.#scroller, rootMargin: '600px 0px 0px' };
    const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && load(), margin);
    let loading = false;
    const load = async () => {
      if (loading) return;
      loading = true;
      this.#older.classList.add('loading');
      const loaded = await this.#loadOlder();
      this.#older.classList.remove('loading');
      loading = false;
      if (!loaded) return; // the link stays: a click tries again
      observer.unobserve(this.#older);
      if (this.#older.isConnected) observer.observe(this.#older);
    };
    observer.observe(this.#older);
  }

  async #loadOlder() {
    let page;
    try {
      const response = await fetch(this.#older.href);
      if (!response.ok) return false;
      page = new DOMParser().parseFromString(await response.text(), 'text/html');
    } catch {
      return false;
    }
    const items = page.querySelectorAll('.messages > .message');
    if (items.length === 0) return false;
    this.#region.ariaLive = 'off'; // history is not news
    this.#list.prepend(...items);
    this.arrange();
    requestAnimationFrame(() => (this.#region.ariaLive = 'polite'));
    const next = page.querySelector('.older');
    if (next) this.#older.href = next.getAttribute('href');
    else this.#older.remove();
    return true;
  }
}

/** The list item of a message as the server wrote it. */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

const messagesOf = (list) => Array.from(list.querySelectorAll('.message'));

/** Shows the reader's times, and what belongs between the messages of a list. */
export function arrange(list) {
  let previous = null;
  for (const item of messagesOf(list)) {
    showClock(item.querySelector('time'));
    separate(previous, item);
    previous = item;
  }
}

/** What stands between two messages: a day's line, the beginning of a turn, or nothing. */
function separate(previous, item) {
  const at = new Date(item.querySelector('time').dateTime);
  const before = previous && new Date(previous.querySelector('time').dateTime);
  const turn = previous && (previous.dataset.sender !== item.dataset.sender || at - before >= TURN_MS);
  const kind = !previous || !sameDay(before, at) ? 'day' : turn ? 'turn' : '';
  const between = [];
  for (let node = item.previousElementSibling; node && node !== previous; node = node.previousElementSibling) between.push(node);
  let mark = between.find((node) => node.className === kind);
  for (const node of between) if (node !== mark) node.remove();
  if (!kind) return;
  if (!mark) {
    mark = parse(kind === 'day' ? '<li class="day" data-testid="day"><time></time></li>' : '<li class="turn" hidden></li>');
    item.before(mark);
  }
  if (kind !== 'day') return;
  const time = mark.querySelector('time');
  time.dateTime = item.querySelector('time').dateTime;
  showDay(time);
}
