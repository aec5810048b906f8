// Starts the parts of the page: list, log, composer, socket. Without this script everything works except live updates.

import { whole } from './arrange.js';
import { Composer, NEAR_LIMIT } from './compose.js';
import { Kept } from './kept.js';
import { prepareKeys } from './keys.js';
import { List } from './list.js';
import { Live } from './live.js';
import { Log } from './log.js';
import { Edits } from './edits.js';
import { copy, prepareMenu } from './menu.js';
import { Presence } from './presence.js';
import { ReadMarks } from './marks.js';
import { Outbox, sendElsewhere } from './send.js';
import { forget, forgetOthers } from './storage.js';
import { eachDay, showStamp } from './time.js';
import { Receipts, Typing } from './activity.js';

const BANNER_DELAY_MS = 1_000;

const page = document.body.dataset;
const connection = document.querySelector('.connection');
if (page.me) startChat(page.me);
else sessionStorage.removeItem('confab-notified'); // the next login may be another person, and is another session
const search = document.querySelector('form.search');
if (search) import('./find.js').then((find) => find.searchWhileTyping(search));
document.querySelectorAll('.settings time').forEach(showStamp);
const settings = document.querySelector('.notifications');
if (settings) import('./notify.js').then((notify) => notify.startSettings(settings));
else if (page.me && localStorage.getItem(`confab-notify-${page.me}`) === 'on') import('./notify.js');

/** @param {string} me */
function startChat(me) {
  const conversation = page.conversation ? Number(page.conversation) : null;
  const shown = Number(location.pathname.match(/^\/c\/(\d+)/)?.[1]) || null;
  const list = new List({ me, current: shown });
  if (document.querySelector('.list-end')) import('./older.js').then((older) => older.continueList(list));
  const marks = conversation ? new ReadMarks({ conversation, list }) : null;
  const log = marks ? startLog({ me, marks, onGap: () => live.fetchGap() }) : null;
  const { composer, edits, outbox } =
    conversation && marks && log ? startComposing(conversation, { me, log, list, marks }) : {};
  eachDay(() => {
    log?.arrange();
    list.refresh();
  });
  forgetAtLogout();
  prepareKeys({
    editLast: () => {
      const last = log?.lastOwn();
      if (last) composer?.edit(last, edits?.textOf(Number(last.dataset.seq)));
    },
    next: () => list.neighbor(1),
    previous: () => list.neighbor(-1),
  });
  const showState = connectionBanner();
  const live = new Live({
    cursor: { epoch: page.epoch, xid: page.xid },
    position: () => ({ conversation, rev: log?.rev ?? 0 }),
    settled: () => outbox?.settled(),
    onFrame: (frame) => (handlers[frame.type] ?? unknown)(whole(frame)),
    onState: (state) => {
      showState(state);
      if (state !== 'live') return;
      outbox?.retryNow();
      edits?.retryNow();
      sendElsewhere(conversation);
    },
  });
  /** @param {object} frame */
  const send = (frame) => live.send(frame);
  const presence = new Presence(send);
  const text = document.querySelector('.composer')?.elements.body;
  const typing = conversation ? new Typing({ conversation, text, send }) : null;
  const receipts = conversation ? new Receipts({ me, conversation }) : null;
  let resumed = false;
  /** @param {Frame & { html: string }} frame */
  const onScreen = (frame) => frame.conversation === conversation && log?.apply(frame);
  /** @param {MessageFrame} frame */
  const message = (frame) => {
    onScreen(frame);
    list.message(frame);
  };
  /** @param {MessageFrame} frame */
  const newMessage = (frame) => {
    message(frame);
    typing?.sent(frame);
    import('./notify.js').then((notify) => notify.message(frame));
  };
  /** @type {Record<string, (frame: any) => unknown>} */
  const handlers = {
    welcome: ({ replica }) => (connection.dataset.replica = replica),
    heartbeat: () => {},
    message: newMessage,
    changed: (frame) => {
      message(frame);
      ifNotified((notify) => notify.changed(frame));
    },
    notice: (frame) => {
      onScreen(frame);
      if (removesMe(frame)) return leave(frame.conversation);
      list.notice(frame);
      if (frame.conversation === conversation && /renamed|topic/.test(frame.notice)) refreshHeader();
    },
    read: (frame) => {
      list.read(frame);
      if (frame.conversation === conversation) marks?.follow(frame);
      ifNotified((notify) => notify.closeRead());
    },
    typing: (frame) => typing?.show(frame),
    seen: (frame) => receipts?.show(frame),
    presence: (frame) => presence.show(frame),
    /** @param {ResumedFrame} frame */
    resumed: (frame) => {
      if (frame.conversation) log?.applyRange(frame.conversation);
      for (const head of frame.heads) list.head(head);
      frame.gone.forEach(leave);
      log?.markSeen();
      presence.start();
      if (resumed) list.recheck();
      resumed = true;
      ifNotified((notify) => notify.closeRead());
    },
  };
  // A frame of a newer release. If it has a rev it counts as applied, so that nothing waits for it.
  /** @param {any} frame */
  const unknown = (frame) => frame.rev && onScreen(frame);
  /** @param {number} left */
  const leave = (left) => {
    list.remove(left);
    if (left === shown) location.assign('/c');
  };
  live.connect();
}

/**
 * Calls `act` with the module of notifications, if this browser may have shown any.
 * @param {(notify: typeof import('./notify.js')) => void} act
 */
function ifNotified(act) {
  if (window.Notification?.permission === 'granted') import('./notify.js').then(act);
}

/**
 * Whether a notice says that this person was removed or has left.
 * @param {NoticeFrame} frame
 */
function removesMe({ notice, sender, subject }) {
  return /left|removed/.test(notice) && String(subject ?? sender) === page.me;
}

/** Reloads the name and the topic. */
async function refreshHeader() {
  try {
    const response = await fetch(location.pathname);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    document.querySelector('.pane .titles').replaceWith(page.querySelector('.pane .titles'));
  } catch {
    // The next visit shows them.
  }
}

/** @param {{ me: string, marks: ReadMarks, onGap: () => void }} options */
function startLog({ me, marks, onGap }) {
  const log = new Log({ me, rev: Number(page.rev), onGap, onSeen: (seq) => marks.seen(seq) });
  log.markSeen();
  const address = document.querySelector('.copy-address');
  address?.addEventListener('click', () => copy(location.origin + location.pathname));
  address?.removeAttribute('hidden');
  return log;
}

/** What this browser keeps of the person goes with the session. */
function forgetAtLogout() {
  forgetOthers();
  const form = document.querySelector('form[action="/logout"]');
  form?.addEventListener('submit', async (event) => {
    event.preventDefault();
    await forget();
    form.submit();
  });
}

/**
 * @param {number} conversation
 * @param {{ me: string, log: Log, list: List, marks: ReadMarks }} parts
 */
function startComposing(conversation, { me, log, list, marks }) {
  const form = document.querySelector('.composer');
  const text = form.elements.body;
  const composer = new Composer({ form, conversation });
  const edits = new Edits({ conversation, composer });
  /** @param {{ seq: number, html: string }} sent */
  const onSent = ({ seq, html }) => {
    marks.resume();
    list.message({ type: 'message', conversation, seq, sender: Number(me), html });
  };
  const outbox = new Outbox({ form, composer, edits, log, conversation, onSent });
  const messages = document.querySelector('.messages');
  const kept = new Kept();
  log.onPlaced = (item) => {
    composer.follow(item);
    edits.follow(item);
    kept.follow(item);
  };
  /**
   * @param {Part} item
   * @param {Mark} mark
   */
  const onUnread = (item, mark) => {
    list.read({ conversation, ...mark });
    marks.follow(mark);
    log.showUnread(item);
  };
  prepareMenu({ list: messages, me, conversation, composer, edits, kept, onUnread });
  import('./attach.js').then(({ prepareAttachments }) => {
    outbox.files = prepareAttachments(form, { conversation, onChange: () => outbox.filesChanged() }) ?? outbox.files;
  });
  prepareLightbox(messages);
  outbox.restore();
  edits.restore();
  text.addEventListener('input', async function loadSuggest() {
    if (!/[@:]/.test(text.value)) return;
    text.removeEventListener('input', loadSuggest);
    const { suggest } = await import('./suggest.js');
    suggest({ text, conversation });
  });
  const loadLimit = async () => {
    if (text.value.length < Number(text.dataset.maxCharacters) - NEAR_LIMIT) return;
    text.removeEventListener('input', loadLimit);
    const { watchLimit } = await import('./limit.js');
    watchLimit({ form, composer, attach: (file) => outbox.files.add([file]) });
  };
  text.addEventListener('input', loadLimit);
  loadLimit(); // of a draft
  const emoji = form.querySelector('.emoji-button');
  emoji.hidden = false;
  emoji.addEventListener('click', async () => {
    const { pickEmoji } = await import('./emoji.js');
    const chosen = await pickEmoji();
    if (chosen) composer.insert(chosen);
  });
  if (matchMedia('(pointer: fine)').matches) composer.focus();
  return { composer, edits, outbox };
}

/**
 * Opens images of `messages` in a dialog, whose code is loaded with the first one.
 * @param {Part} messages
 */
function prepareLightbox(messages) {
  messages.addEventListener('click', async (event) => {
    const link = event.target.closest('a[data-lightbox]');
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    try {
      const { open } = await import('./lightbox.js');
      open(link, messages);
    } catch {
      location.assign(link.href);
    }
  });
}

/** Sets the state at once, but shows the banner only if the state lasts. */
function connectionBanner() {
  let timer = 0;
  return (/** @type {ConnectionState} */ state) => {
    connection.dataset.state = state;
    if (state === 'live') {
      clearTimeout(timer);
      timer = 0;
      connection.classList.remove('late');
    } else if (!timer) {
      timer = setTimeout(() => connection.classList.add('late'), BANNER_DELAY_MS);
    }
  };
}
