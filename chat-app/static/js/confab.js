// Starts what the page has: list, log, composer, socket. Without this script everything but live updates works.

import { List } from './list.js';
import { Live } from './live.js';
import { Log, arrange } from './log.js';
import { Outbox, prepareComposer } from './send.js';

const BANNER_AFTER_MS = 1_000;
const READ_EVERY_MS = 300;
const READ_RETRY_MS = 5_000;
const SEARCH_AFTER_MS = 200;

const page = document.body.dataset;
const connection = document.querySelector('.connection');
if (page.me) startChat();
const search = document.querySelector('.search');
if (search) searchWhileTyping(search);

function startChat() {
  const conversation = page.conversation ? Number(page.conversation) : null;
  const shown = Number(location.pathname.match(/^\/c\/(\d+)/)?.[1]) || null;
  const list = new List({ me: page.me, current: shown });
  const form = document.querySelector('.composer');
  if (form) prepareComposer(form);
  const log = conversation ? startLog(conversation, { list, onHole: () => live.resume() }) : null;
  if (log) startSending(conversation, { form, log, list });
  else if (form) arrange(document.querySelector('.messages')); // history alone: nothing arrives here
  const live = new Live({
    cursor: { epoch: page.epoch, xid: page.xid },
    position: () => ({ conversation, rev: log?.rev ?? 0 }),
    onFrame: (frame) => handlers[frame.type]?.(frame),
    onState: connectionBanner(),
  });
  let resumed = false;
  const handlers = {
    welcome: ({ replica }) => (connection.dataset.replica = replica),
    message: (frame) => {
      if (frame.conversation === conversation) log.apply(frame);
      list.message(frame);
    },
    read: (frame) => list.read(frame),
    resumed: (frame) => {
      if (frame.conversation) log?.applyRange(frame.conversation);
      frame.heads.forEach((head) => list.head(head));
      log?.see();
      if (resumed) list.recheck();
      resumed = true;
    },
  };
  live.connect();
}

function startLog(conversation, { list, onHole }) {
  const log = new Log({ me: page.me, rev: Number(page.rev), onHole, onSeen: readMarks(conversation, list) });
  log.see();
  return log;
}

function startSending(conversation, { form, log, list }) {
  const onSent = ({ seq, html }) => list.message({ conversation, seq, sender: page.me, html });
  new Outbox({ form, log, onSent });
  if (matchMedia('(pointer: fine)').matches) form.elements.body.focus({ preventScroll: true });
}

/** Answers a function that is told how far has been read and tells the server: at once, then at most every moment. */
function readMarks(conversation, list) {
  let marked = Number(page.lastRead);
  let seen = marked;
  let timer = 0;
  const tell = async () => {
    clearTimeout(timer);
    timer = 0;
    if (seen <= marked) return;
    const seq = seen;
    timer = setTimeout(tell, READ_RETRY_MS);
    try {
      const headers = { Accept: 'application/json' };
      const body = new URLSearchParams({ seq });
      const response = await fetch(`/c/${conversation}/read`, { method: 'POST', headers, body, keepalive: true });
      if (!response.ok) return;
      marked = Math.max(marked, seq);
      clearTimeout(timer);
      timer = setTimeout(tell, READ_EVERY_MS);
    } catch {
      // The timer tries again.
    }
  };
  addEventListener('pagehide', tell);
  return (seq) => {
    list.read({ conversation, last_read: seq });
    seen = Math.max(seen, seq);
    if (!timer) tell();
  };
}

/** The state is there at once; the banner only for what lasts. */
function connectionBanner() {
  let timer = 0;
  return (state) => {
    connection.dataset.state = state;
    if (state === 'live') {
      clearTimeout(timer);
      timer = 0;
      connection.classList.remove('late');
    } else if (!timer) {
      timer = setTimeout(() => connection.classList.add('late'), BANNER_AFTER_MS);
    }
  };
}

function searchWhileTyping(form) {
  let timer = 0;
  let latest = null;
  const { q } = form.elements;
  q.setSelectionRange(q.value.length, q.value.length);
  q.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      latest?.abort();
      latest = new AbortController();
      const address = `/people?${new URLSearchParams(new FormData(form))}`;
      try {
        const response = await fetch(address, { signal: latest.signal });
        if (!response.ok) return;
        const found = new DOMParser().parseFromString(await response.text(), 'text/html');
        document.querySelector('#results').replaceWith(found.querySelector('#results'));
        history.replaceState(null, '', address);
      } catch {
        // Given up for a newer search, or offline: the form still works.
      }
    }, SEARCH_AFTER_MS);
  });
}
