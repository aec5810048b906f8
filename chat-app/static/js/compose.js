// The composer: grows with its text, keeps a draft, replies to a message, edits an own message.

import { senderOf } from './arrange.js';
import { Draft } from './draft.js';
import { showExcerpt } from './excerpt.js';
import { isComposing } from './keys.js';
import { draftKey } from './storage.js';

const QUOTE_CHARS = 120; // like the server
/** With fewer characters left, the composer shows how many. */
export const NEAR_LIMIT = 1_000;

export class Composer {
  #form;
  #text;
  #context;
  #conversation;
  #draft;

  /** @param {{ form: Part, conversation: number }} options */
  constructor({ form, conversation }) {
    this.#form = form;
    this.#text = form.elements.body;
    this.#context = form.querySelector('.context');
    this.#conversation = conversation;
    this.#draft = new Draft(draftKey(conversation), () => this.#show());
    // A page that the server rendered with a text or with `?reply=`.
    if (this.#text.defaultValue) this.#draft.change({ text: this.#text.defaultValue });
    if (form.elements.reply_to.value) this.#draft.change({ reply: Number(form.elements.reply_to.value) });
    this.#text.addEventListener('input', () => this.#typed());
    this.#sendOnEnter();
    this.#grow();
    this.#context.querySelector('.cancel').addEventListener('click', (event) => {
      event.preventDefault();
      this.leaveContext();
    });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !isComposing(event) && !this.#context.hidden) this.leaveContext();
    });
    this.#show();
  }

  /** The seq of the message that is being edited, or null. */
  get editing() {
    return this.#draft.edit?.seq ?? null;
  }

  get isEmpty() {
    return !this.#draft.edit && !this.#draft.text.trim();
  }

  /** Why the text can't be sent, or an empty text. */
  get refusal() {
    const { maxCharacters, tooLong } = this.#text.dataset;
    const count = charactersOf(this.#text.value);
    return count > Number(maxCharacters) ? tooLong.replace('\u0002', () => String(count)) : '';
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  /** @param {Part} item */
  reply(item) {
    this.#draft.change({ reply: Number(item.dataset.seq), edit: null });
    this.#show();
    this.focus();
  }

  /**
   * Edits a message. `text` is what was typed before, if that is not sent yet.
   * @param {Part} item
   * @param {string | null} text
   */
  edit(item, text = null) {
    this.#draft.change({ edit: { seq: Number(item.dataset.seq), text, original: null } });
    this.#show();
    this.focus();
  }

  /** Ends an edit, whose text is discarded, or a reply. */
  leaveContext() {
    this.#draft.change(this.#draft.edit ? { edit: null } : { reply: null });
    this.#show();
  }

  /** Takes the message to send out of the composer. */
  take() {
    const taken = { body: this.#draft.text, reply: this.#draft.reply };
    this.#draft.change({ text: '', reply: null });
    this.#draft.store();
    this.#show();
    return taken;
  }

  /** Takes the edit to send out of the composer. */
  takeEdit() {
    const { seq, text: body, original } = this.#draft.edit;
    this.#draft.change({ edit: null });
    this.#draft.store();
    this.#show();
    return { seq, body, original };
  }

  /**
   * Puts back a message that could not be sent, before what was typed since.
   * @param {{ body: string, reply: number | null }} message
   */
  restore({ body, reply }) {
    const text = [body, this.#draft.text].filter((part) => part.trim()).join('\n');
    this.#draft.change({ text, reply: this.#draft.reply ?? reply });
    this.#draft.store();
    this.#show();
  }

  /**
   * A message has changed: what the composer shows of it changes too, and ends with it.
   * @param {Part} item
   */
  follow(item) {
    const seq = Number(item.dataset.seq);
    const deleted = item.matches('.deleted');
    if (this.editing === seq && deleted) this.#endEdit();
    else if (this.editing === seq) item.classList.add('being-edited');
    if (this.#draft.reply !== seq) return;
    if (deleted) this.#draft.change({ reply: null });
    if (!this.#draft.edit) this.#showContext();
  }

  /** The message that was being edited is gone. What was changed in it is kept as a draft. */
  #endEdit() {
    const { text, original } = this.#draft.edit;
    this.#draft.change({ edit: null });
    if (text !== original) this.restore({ body: text, reply: null });
    this.#show();
    this.showError(this.#context.dataset.deleted);
  }

  /**
   * Inserts a text at the caret.
   * @param {string} text
   */
  insert(text) {
    this.#text.setRangeText(text, this.#text.selectionStart, this.#text.selectionEnd, 'end');
    this.#text.dispatchEvent(new Event('input'));
    this.focus();
  }

  /**
   * Shows what is wrong with the text; an empty sentence clears it.
   * @param {string} sentence
   */
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

  #typed() {
    const { edit } = this.#draft;
    if (!edit) this.#draft.change({ text: this.#text.value });
    else if (edit.text !== null) this.#draft.change({ edit: { ...edit, text: this.#text.value } });
  }

  /** Shows the draft, or the edit under way. */
  #show() {
    const { edit, text } = this.#draft;
    const shown = edit ? (edit.text ?? '') : text;
    if (this.#text.value !== shown) this.#text.value = shown;
    this.#text.readOnly = Boolean(edit) && edit.text === null;
    if (this.#text.readOnly) this.#load(edit.seq);
    document.querySelector('.being-edited')?.classList.remove('being-edited');
    if (edit && !this.#text.readOnly) itemOf(edit.seq)?.classList.add('being-edited');
    this.#showContext();
    this.#text.dispatchEvent(new Event('input'));
  }

  /**
   * Fetches the text of the message to edit.
   * @param {number} seq
   */
  async #load(seq) {
    const { body } = (await source(this.#conversation, seq)) ?? {};
    const { edit } = this.#draft;
    if (edit?.seq !== seq || edit.text !== null) return; // it has ended meanwhile
    this.#draft.change({ edit: body === undefined ? null : { seq, text: body, original: body } });
    this.#show();
  }

  #showContext() {
    const { edit, reply } = this.#draft;
    this.#form.elements.reply_to.value = reply ?? '';
    this.#context.hidden = !edit && !reply;
    if (edit) return this.#write(this.#context.dataset.edit);
    if (!reply) return;
    const item = itemOf(reply);
    if (!item) return void this.#loadReply(reply);
    const line = document.createElement('span');
    line.dir = 'auto';
    showExcerpt(line, item, QUOTE_CHARS);
    this.#write(this.#context.dataset.reply.replace('\u0002', () => senderOf(item)), line);
  }

  /**
   * Fetches what a draft replies to, if this page does not have it.
   * @param {number} seq
   */
  async #loadReply(seq) {
    try {
      const response = await fetch(`/c/${this.#conversation}?reply=${seq}`);
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      const found = page.querySelector('.composer .context');
      if (this.#draft.reply !== seq || this.#draft.edit || !response.ok) return;
      if (found.hidden || found.querySelector('[data-t=deleted]')) return this.leaveContext();
      this.#write(found.querySelector('b').textContent, ...found.querySelector('.excerpt').childNodes);
    } catch {
      // Offline: the banner says so, and the reply stays a reply.
    }
  }

  /**
   * @param {string} title
   * @param {Node[]} excerpt
   */
  #write(title, ...excerpt) {
    this.#context.querySelector('b').textContent = title;
    this.#context.querySelector('.excerpt').replaceChildren(...excerpt);
  }

  /** With a keyboard, Enter sends and Shift+Enter breaks the line. */
  #sendOnEnter() {
    const touch = matchMedia('(pointer: coarse)').matches;
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || isComposing(event) || touch || event.defaultPrevented) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  /** A text of several lines gets the whole width of a phone, until it is sent. */
  #widen() {
    const lines = this.#text.scrollHeight / Number.parseFloat(getComputedStyle(this.#text).lineHeight);
    if (this.#text.value === '') this.#form.classList.remove('tall');
    else if (lines > 2) this.#form.classList.add('tall'); // with the padding of a field of one line
  }

  #grow() {
    this.#text.addEventListener('input', () => this.#widen());
    if (CSS.supports('field-sizing', 'content')) return;
    const grow = () => {
      this.#text.style.height = 'auto';
      this.#text.style.height = `${this.#text.scrollHeight}px`;
    };
    this.#text.addEventListener('input', grow);
    grow();
  }
}

/**
 * Counts like the server.
 * @param {string} text
 */
export const charactersOf = (text) => Array.from(text.trimEnd()).length;

/** @param {number} seq */
const itemOf = (seq) => document.querySelector(`#m${seq}:not(.deleted)`);

/**
 * @param {number} conversation
 * @param {number | string} seq
 */
export const pathOf = (conversation, seq) => `/c/${conversation}/messages/${seq}`;

/**
 * A message as typed: its {body}, or null if it can't be loaded.
 * @param {number} conversation
 * @param {number | string} seq
 * @returns {Promise<{ body: string } | null>}
 */
export async function source(conversation, seq) {
  try {
    const response = await fetch(pathOf(conversation, seq), { headers: { Accept: 'application/json' } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
