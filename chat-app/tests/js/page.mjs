// A page of a conversation without a browser, as far as the scripts need it. Each test loads the scripts anew.

const { Window } = await import(process.env.HAPPY_DOM);
const SCRIPTS = new URL('../../static/js/', import.meta.url);
let count = 0;

// happy-dom has no IndexedDB, and the scripts say so with each message.
const { warn } = console;
console.warn = (...words) => words[0] === 'Confab: this browser stores nothing' || warn(...words);

/** Opens a page whose messages are `items`. `older` and `newer` are links to the rest of the history. */
export function open({ items = [], rev = 0, older = false, newer = false, path = '/c/7', storage } = {}) {
  const window = new Window({ url: `http://chat.test${path}` });
  window.document.write(page({ items, rev, older, newer }));
  const globals = ['document', 'location', 'history', 'localStorage', 'sessionStorage', 'navigator', 'CSS', 'Event', 'KeyboardEvent',
    'StorageEvent', 'Node', 'Image', 'DOMParser', 'getComputedStyle', 'matchMedia', 'addEventListener', 'removeEventListener'];
  for (const name of globals) {
    const value = typeof window[name] === 'function' && /^[a-z]/.test(name) ? window[name].bind(window) : window[name];
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  Object.assign(globalThis, {
    window,
    IntersectionObserver: class { observe() {} unobserve() {} },
    MutationObserver: class { observe() {} },
    BroadcastChannel: class { addEventListener() {} postMessage() {} },
    requestAnimationFrame: (draw) => draw(),
    fetch: () => Promise.reject(new TypeError('offline')),
  });
  if (storage) for (const [key, value] of Object.entries(storage)) window.localStorage.setItem(key, value);
  window.Element.prototype.scrollIntoView = () => {};
  count += 1;
  return window;
}

/** Imports a script of the page that was opened last. */
export const load = (name) => import(`${SCRIPTS}${name}?page=${count}`);

export const seqs = () =>
  Array.from(document.querySelectorAll('.messages > .message'), (item) => (item.dataset.seq ? Number(item.dataset.seq) : 'pending'));

export function message({ seq, rev = seq, text = `message ${seq}`, sender = 2, client = `c${seq}`, quote, deleted = false, pinned = false }) {
  const quoted = quote ? `<a class="quote" data-quote="${quote.seq}"><b>bo</b> <span dir="auto">${quote.text}</span></a>` : '';
  const pin = pinned ? '<div class="pinned"><span data-t="pinned" data-actor="bo"></span></div>' : '';
  const body = deleted ? '<div class="body" data-t="deleted"></div>' : `<div class="body" dir="auto"><p>${text}</p></div>`;
  return `<li class="message${deleted ? ' deleted' : ''}" id="m${seq}" data-seq="${seq}" data-rev="${rev}" data-sender="${sender}"
    data-client-id="${client}"><div class="meta"><span class="sender">bo</span><time datetime="2026-03-04T05:06:07Z"></time></div>${quoted}${body}${pin}<a class="more" href="/c/7/messages/${seq}"></a></li>`;
}

export function notice({ rev, after, kind = 'joined', actor = `person ${rev}` }) {
  return `<li class="notice" data-rev="${rev}" data-after="${after}"><span data-t="notice-${kind}" data-actor="${actor}"></span>
    <time datetime="2026-03-04T05:06:07Z"></time></li>`;
}

export function page({ items, rev, older, newer }) {
  return `<!DOCTYPE html><html lang="en"><body data-me="1" data-conversation="7" data-rev="${rev}" data-last-read="0" data-read-version="0">
    <div class="pane"><div class="scroller"><div class="track">
      ${older ? '<a class="older" href="/c/7?before=1"></a>' : ''}
      <div data-testid="messages"><ol class="messages" data-joined="Joined: \u0002" data-show-more="Show more" data-show-less="Show less">${items.join('')}</ol></div>
      ${newer ? '<a class="newer" href="/c/7?after=1"></a><a class="latest" href="/c/7"></a>' : ''}
    </div></div>
    <a class="jump" hidden><span class="badge"></span></a>
    <form class="composer" action="/c/7/messages" data-nothing="Write a message first.">
      <div class="context" data-reply="Replying to \u0002" data-edit="Editing" data-deleted="It was deleted." hidden>
        <input type="hidden" name="reply_to" value=""><b></b><span class="excerpt"></span><a class="cancel" href="?"></a>
      </div>
      <textarea name="body" data-max-characters="2000" data-too-long="\u0002 are too many."></textarea><button type="submit"></button>
      <div class="limit" data-left="Left: \u0002" data-over="Over: \u0002" hidden><span class="count"></span><button class="as-file" hidden></button></div>
      <p class="limit-status"></p><div id="body-error"></div>
      <ul id="suggestions" hidden></ul>
    </form>
    <dialog id="emoji" data-recent="Recent" data-groups="Smileys|People"><input><div class="groups"></div><div class="grid"></div><p class="none"></p></dialog>
    <template id="copy-code"><button class="copy-code" aria-label="Copy code"></button></template><p id="copied" data-text="Copied"></p>
    <template id="outgoing"><li class="message" data-state="pending" data-sender="1"><div class="meta"><time></time></div>
      <div class="body" dir="auto"></div>
      <div class="delivery"><span class="when-failed"></span><button class="retry"></button><button class="discard"></button></div></li></template>
    </div></body></html>`;
}

/** Waits until what was started has run. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
}
