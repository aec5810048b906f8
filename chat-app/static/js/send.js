// The composer and what is on its way: shown at once, sent one after the other, never twice.
//
// A message keeps its UUID through all tries; the server takes each UUID once.

const TRIES = 6;
const FIRST_RETRY_MS = 500;
const TIMEOUT_MS = 15_000;

/** Grows with its text; Enter sends where there is a keyboard, Shift+Enter breaks the line. */
export function prepareComposer(form) {
  const text = form.elements.body;
  const touch = matchMedia('(pointer: coarse)').matches;
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || touch) return;
    event.preventDefault();
    if (text.value.trim()) form.requestSubmit();
  });
  if (CSS.supports('field-sizing', 'content')) return;
  const grow = () => {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
  };
  text.addEventListener('input', grow);
  form.addEventListener('submit', () => queueMicrotask(grow));
  grow();
}

export class Outbox {
  #form;
  #log;
  #onSent;
  #queue = [];
  #busy = false;
  #template = document.querySelector('#outgoing');

  constructor({ form, log, onSent }) {
    this.#form = form;
    this.#log = log;
    this.#onSent = onSent;
    form.noValidate = true;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#take();
    });
    form.elements.body.addEventListener('input', () => this.#complain(''));
    addEventListener('beforeunload', (event) => this.#queue.length > 0 && event.preventDefault());
  }

  #take() {
    const text = this.#form.elements.body;
    const body = text.value;
    text.focus();
    if (!body.trim()) return;
    text.value = '';
    this.#complain('');
    const item = this.#template.content.firstElementChild.cloneNode(true);
    const entry = { id: uuid(), body, item };
    item.dataset.clientId = entry.id;
    item.querySelector('time').dateTime = new Date().toISOString();
    item.querySelector('.body').textContent = body.trimEnd();
    item.querySelector('.retry').addEventListener('click', () => this.#enqueue(entry));
    item.querySelector('.discard').addEventListener('click', () => this.#discard(entry));
    this.#enqueue(entry);
  }

  #enqueue(entry) {
    entry.item.dataset.state = 'pending';
    this.#log.append(entry.item);
    this.#queue.push(entry);
    this.#pump();
  }

  #discard(entry) {
    entry.item.remove();
    this.#log.arrange();
    this.#form.elements.body.focus();
  }

  async #pump() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#queue.length > 0) {
      await this.#deliver(this.#queue[0]);
      this.#queue.shift();
    }
    this.#busy = false;
  }

  async #deliver(entry) {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await pause(FIRST_RETRY_MS * 2 ** (attempt - 1));
      await online();
      if (!entry.item.isConnected) return; // its live event came first
      if (await this.#post(entry)) return;
    }
    entry.item.dataset.state = 'failed';
  }

  /** Whether it is settled: taken or refused for good. */
  async #post(entry) {
    let response;
    let answer;
    try {
      response = await fetch(this.#form.action, {
        method: 'POST',
        headers: { Accept: 'application/json' },
        body: new URLSearchParams({ client_id: entry.id, body: entry.body }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await response.json();
    } catch {
      return false; // it may be in or not: the same UUID makes another try safe
    }
    if (response.ok) {
      this.#log.sent(answer);
      this.#onSent(answer);
      return true;
    }
    if (response.status === 401) {
      location.assign('/login');
    } else if (response.status >= 500 || response.status === 429) {
      return false;
    } else {
      this.#refuse(entry, answer.error);
    }
    return true;
  }

  /** Gives the text back to be put right. */
  #refuse(entry, sentence) {
    this.#discard(entry);
    const text = this.#form.elements.body;
    text.value = [entry.body, text.value].filter(Boolean).join('\n');
    text.dispatchEvent(new Event('input'));
    this.#complain(sentence);
  }

  #complain(sentence) {
    const place = this.#form.querySelector('#body-error');
    const text = this.#form.elements.body;
    place.replaceChildren();
    text.removeAttribute('aria-invalid');
    if (!sentence) return;
    const reason = document.createElement('p');
    reason.className = 'field-error';
    reason.dataset.testid = 'field-error';
    reason.textContent = sentence;
    place.append(reason);
    text.ariaInvalid = 'true';
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms * (0.5 + Math.random() / 2)));

const online = () =>
  navigator.onLine || new Promise((done) => addEventListener('online', done, { once: true }));

/** A random UUID; `crypto.randomUUID` is only there over TLS. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
