// The composer: grows with its text, stores a draft, replies to a message, edits an own message.

import { senderOf } from './arrange.js';
import { showExcerpt } from './excerpt.js';

const DRAFT_DELAY_MS = 300;

export class Composer {
  #form;
  #text;
  #context;
  #conversation;
  #draft;
  #editing = null; // the item of the message that is being edited

  /** `draftKey` is the key in local storage for the text that is not sent yet. */
  constructor({ form, conversation, draftKey }) {
    this.#form = form;
    this.#text = form.elements.body;
    this.#context = form.querySelector('.context');
    this.#conversation = conversation;
    this.#draft = draftKey;
    this.#restore();
    this.#sendOnEnter();
    this.#grow();
    this.#context.querySelector('.cancel').addEventListener('click', (event) => {
      event.preventDefault();
      this.leaveContext();
    });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.#context.hidden) this.leaveContext();
    });
  }

  get editing() {
    return this.#editing;
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  reply(item) {
    this.leaveContext();
    this.#showContext(this.#context.dataset.reply.replace('\u0002', () => senderOf(item)), item);
    this.#form.elements.reply_to.value = item.dataset.seq;
    this.focus();
  }

  async edit(item) {
    let body;
    try {
      const response = await fetch(pathOf(this.#conversation, item), { headers: { Accept: 'application/json' } });
      if (!response.ok) return;
      ({ body } = await response.json());
    } catch {
      return; // offline: the banner says so
    }
    this.leaveContext();
    this.#editing = item;
    item.classList.add('being-edited');
    this.#showContext(this.#context.dataset.edit, null);
    this.#text.value = body;
    this.#changed();
    this.focus();
  }

  /** Ends a reply or an edit. Discards the edited text. */
  leaveContext() {
    this.#context.hidden = true;
    this.#form.elements.reply_to.value = '';
    if (!this.#editing) return;
    this.#editing.classList.remove('being-edited');
    this.#editing = null;
    this.#restore();
    this.#changed();
  }

  /** Takes the message to send out of the composer. */
  take() {
    const taken = { body: this.#text.value, reply_to: this.#form.elements.reply_to.value };
    this.#text.value = '';
    this.#context.hidden = true;
    this.#form.elements.reply_to.value = '';
    localStorage.removeItem(this.#draft);
    this.#changed();
    return taken;
  }

  /** Puts back a text that could not be sent. */
  restoreText({ body }) {
    this.#text.value = [body, this.#text.value].filter(Boolean).join('\n');
    this.#changed();
  }

  /** Inserts a text at the caret. */
  insert(text) {
    this.#text.setRangeText(text, this.#text.selectionStart, this.#text.selectionEnd, 'end');
    this.#changed();
    this.focus();
  }

  /** Shows what is wrong with the text; an empty sentence clears it. */
  showError(sentence) {
    const container = this.#form.querySelector('#body-error');
    container.replaceChildren();
    this.#text.removeAttribute('aria-invalid');
    if (!sentence) return;
    const reason = document.createElement('p');
    reason.className = 'field-error';
    reason.dataset.testid = 'field-error';
    reason.textContent = sentence;
    container.append(reason);
    this.#text.ariaInvalid = 'true';
  }

  #showContext(title, message) {
    this.#context.querySelector('b').textContent = title;
    const line = document.createElement('span');
    line.dir = 'auto';
    if (message) showExcerpt(line, message, 120);
    this.#context.querySelector('.excerpt').replaceChildren(line);
    this.#context.hidden = false;
  }

  #changed() {
    this.#text.dispatchEvent(new Event('input'));
  }

  #restore() {
    const stored = localStorage.getItem(this.#draft);
    this.#text.value = stored ?? this.#text.defaultValue;
    let timer = 0;
    if (this.#text.dataset.stored) return;
    this.#text.dataset.stored = 'true';
    this.#text.addEventListener('input', () => {
      clearTimeout(timer);
      if (!this.#editing) timer = setTimeout(() => this.#store(), DRAFT_DELAY_MS);
    });
    addEventListener('pagehide', () => this.#editing || this.#store());
  }

  #store() {
    if (this.#text.value.trim()) localStorage.setItem(this.#draft, this.#text.value);
    else localStorage.removeItem(this.#draft);
  }

  /** With a keyboard, Enter sends and Shift+Enter breaks the line. */
  #sendOnEnter() {
    const touch = matchMedia('(pointer: coarse)').matches;
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || touch || event.defaultPrevented) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  #grow() {
    if (CSS.supports('field-sizing', 'content')) return;
    const grow = () => {
      this.#text.style.height = 'auto';
      this.#text.style.height = `${this.#text.scrollHeight}px`;
    };
    this.#text.addEventListener('input', grow);
    grow();
  }
}

export const pathOf = (conversation, item) => `/c/${conversation}/messages/${item.dataset.seq}`;
