// Starts the parts of the page: list, log, composer, socket. Without this script everything works except live updates.

import { whole } from './arrange.js';
import { Composer } from './compose.js';
import { prepareKeys } from './keys.js';
import { List } from './list.js';
import { Live } from './live.js';
import { Log } from './log.js';
import { prepareMenu } from './menu.js';
import { Presence } from './presence.js';
import { Outbox } from './send.js';
import { showRecent, showStamp } from './time.js';
import { Receipts, Typing } from './activity.js';

const BANNER_DELAY_MS = 1_000;
const READ_INTERVAL_MS = 300;
const READ_RETRY_MS = 5_000;
const SEARCH_DELAY_MS = 200;

const page = document.body.dataset;
const connection = document.querySelector('.connection');
if (page.me) startChat();
else sessionStorage.removeItem('confab-notified'); // the next login may be another person, and is another session
const search = document.querySelector('form.search');
if (search) searchWhileTyping(search);
document.querySelectorAll('.settings time').forEach(showStamp);
const settings = document.querySelector('.notifications');
if (settings) import('./notify.js').then((notify) => notify.startSettings(settings));
else if (page.me && localStorage.getItem(`confab-notify-${page.me}`) === 'on') import('./notify.js');

function startChat() {
  const conversation = page.conversation ? Number(page.conversation) : null;
  const shown = Number(location.pathname.match(/^\/c\/(\d+)/)?.[1]) || null;
  const list = new List({ me: page.me, current: shown });
  if (document.querySelector('.list-end')) import('./older.js').then((older) => older.continueList(list));
  const log = conversation ? startLog(conversation, { list, onGap: () => live.fetchGap() }) : null;
  const { composer, outbox } = log ? startComposing(conversation, { log, list }) : {};
  prepareKeys({
    editLast: () => {
      const last = log?.lastOwn();
      if (last) composer.edit(last);
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
      if (state === 'live') outbox?.retryNow();
    },
  });
  const send = (frame) => live.send(frame);
  const presence = new Presence(send);
  const text = document.querySelector('.composer')?.elements.body;
  const typing = log ? new Typing({ conversation, text, send }) : null;
  const receipts = log ? new Receipts({ me: page.me, conversation }) : null;
  let resumed = false;
  const onScreen = (frame) => frame.conversation === conversation && log.apply(frame);
  const message = (frame) => {
    onScreen(frame);
    list.message(frame);
  };
  const newMessage = (frame) => {
    message(frame);
    typing?.sent(frame);
    import('./notify.js').then((notify) => notify.message(frame));
  };
  const handlers = {
    welcome: ({ replica }) => (connection.dataset.replica = replica),
    heartbeat: () => {},
    message: newMessage,
    changed: message,
    notice: (frame) => {
      onScreen(frame);
      if (removesMe(frame)) return leave(frame.conversation);
      list.notice(frame);
      if (frame.conversation === conversation && /renamed|topic/.test(frame.notice)) refreshHeader();
    },
    read: (frame) => list.read(frame),
    typing: (frame) => typing?.show(frame),
    seen: (frame) => receipts?.show(frame),
    presence: (frame) => presence.show(frame),
    resumed: (frame) => {
      if (frame.conversation) log?.applyRange(frame.conversation);
      frame.heads.forEach((head) => list.head(head));
      frame.gone.forEach(leave);
      log?.markSeen();
      presence.start();
      if (resumed) list.recheck();
      resumed = true;
    },
  };
  // A frame of a newer release. If it has a rev it counts as applied, so that nothing waits for it.
  const unknown = (frame) => frame.rev && onScreen(frame);
  const leave = (left) => {
    list.remove(left);
    if (left === shown) location.assign('/c');
  };
  live.connect();
}

/** Whether a notice says that this person was removed or has left. */
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

function startLog(conversation, { list, onGap }) {
  const log = new Log({ me: page.me, rev: Number(page.rev), onGap, onSeen: readMarks(conversation, list) });
  log.markSeen();
  return log;
}

function startComposing(conversation, { log, list }) {
  const form = document.querySelector('.composer');
  const text = form.elements.body;
  const composer = new Composer({ form, conversation, draftKey: `draft:${page.me}:${conversation}` });
  const onSent = ({ seq, html }) => list.message({ type: 'message', conversation, seq, sender: page.me, html });
  const outbox = new Outbox({ form, composer, log, conversation, onSent });
  const messages = document.querySelector('.messages');
  prepareMenu({ list: messages, me: page.me, conversation, composer });
  import('./attach.js').then(({ prepareAttachments, prepareLightbox }) => {
    outbox.files = prepareAttachments(form, { conversation, onChange: () => outbox.filesChanged() });
    prepareLightbox(messages);
  });
  text.addEventListener('input', async function loadSuggest() {
    if (!/[@:]/.test(text.value)) return;
    text.removeEventListener('input', loadSuggest);
    const { suggest } = await import('./suggest.js');
    suggest({ text, conversation });
  });
  const emoji = form.querySelector('.emoji-button');
  emoji.hidden = false;
  emoji.addEventListener('click', async () => {
    const { pickEmoji } = await import('./emoji.js');
    const chosen = await pickEmoji();
    if (chosen) composer.insert(chosen);
  });
  if (matchMedia('(pointer: fine)').matches) composer.focus();
  return { composer, outbox };
}

/** Returns a function that takes how far the person has read, and sends it to the server: at once, then rate-limited. */
function readMarks(conversation, list) {
  let marked = Number(page.lastRead);
  const version = page.readVersion;
  let seen = marked;
  let timer = 0;
  const send = async () => {
    clearTimeout(timer);
    timer = 0;
    if (seen <= marked) return;
    const seq = seen;
    timer = setTimeout(send, READ_RETRY_MS);
    try {
      const headers = { Accept: 'application/json' };
      const body = new URLSearchParams({ seq, version });
      const response = await fetch(`/c/${conversation}/read`, { method: 'POST', headers, body, keepalive: true });
      if (!response.ok) return;
      marked = Math.max(marked, seq);
      clearTimeout(timer);
      timer = setTimeout(send, READ_INTERVAL_MS);
    } catch {
      // The timer retries.
    }
  };
  addEventListener('pagehide', send);
  return (seq) => {
    if (seq <= seen) return;
    list.read({ conversation, last_read: seq });
    seen = Math.max(seen, seq);
    if (!timer) send();
  };
}

/** Sets the state at once, but shows the banner only if the state lasts. */
function connectionBanner() {
  let timer = 0;
  return (state) => {
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

function searchWhileTyping(form) {
  let timer = 0;
  let latest = null;
  const { q } = form.elements;
  const address = form.getAttribute('action');
  const showTimes = () => document.querySelectorAll('#results time').forEach(showRecent);
  showTimes();
  q.setSelectionRange(q.value.length, q.value.length);
  q.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      latest?.abort();
      latest = new AbortController();
      const query = `${address}?${new URLSearchParams(new FormData(form))}`;
      try {
        const response = await fetch(query, { signal: latest.signal });
        if (!response.ok) return;
        const found = new DOMParser().parseFromString(await response.text(), 'text/html');
        document.querySelector('#results').replaceWith(found.querySelector('#results'));
        history.replaceState(null, '', query);
        showTimes();
      } catch {
        // Aborted by a newer search, or offline: the form still works.
      }
    }, SEARCH_DELAY_MS);
  });
}
