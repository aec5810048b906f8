// The actions on a message: a menu beside it, and its reactions.

import { pathOf, source } from './compose.js';
import { post } from './delivery.js';

/** @import { Composer } from './compose.js' */
/** @import { Edits } from './edits.js' */

/** @import { Kept } from './kept.js' */

const GAP_PX = 4;
const TOAST_MS = 2_000;
const READING_MS = 40; // for each character
let toastTimer = 0;

/**
 * Opens the menu at `.more`, and handles reactions. Loaded with the page, so that the menu opens without delay.
 * @param {{ list: Part, me: string, conversation: number, composer: Composer, edits: Edits, kept: Kept, onUnread: (item: Part, mark: Mark) => void }} options
 */
export function prepareMenu({ list, me, conversation, composer, edits, kept, onUnread }) {
  const menu = document.querySelector('#menu');
  /** @type {Part | null} */
  let item = null;

  list.addEventListener('click', (event) => {
    const more = event.target.closest('.more');
    if (!more || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    item = more.closest('.message');
    open(menu, more, { own: item.dataset.sender === me, pinned: !!item.querySelector('.pinned'), saved: kept.isSaved(item) });
  });
  list.addEventListener('submit', (event) => {
    if (!event.target.matches('.reactions')) return;
    event.preventDefault();
    const button = /** @type {Part} */ (event.submitter);
    react(event.target.closest('.message'), button.value, button.ariaPressed !== 'true');
  });
  list.addEventListener('click', (event) => jump(event));
  showToolbar(list, (message, act) => (act === 'react' ? pickReaction(message) : acts[act](message)));

  menu.addEventListener('click', async (event) => {
    const button = event.target.closest('button');
    if (!button || !item) return;
    menu.hidePopover();
    const { act, emoji } = button.dataset;
    if (emoji) return react(item, emoji, !isOwn(item, emoji));
    if (act === 'react') return pickReaction(item);
    acts[act](item);
  });
  menu.addEventListener('keydown', (event) => move(menu, event));
  menu.addEventListener('toggle', (event) => event.newState === 'closed' && item?.querySelector('.more')?.focus());

  /**
   * @param {Part} message
   * @param {string} emoji
   * @param {boolean} present
   */
  const react = (message, emoji, present) => post(`${pathOf(conversation, message.dataset.seq)}/reactions`, { emoji, present: String(present) });
  /**
   * @param {Part} message
   * @param {string} emoji
   */
  const isOwn = (message, emoji) =>
    message.querySelector(`.reaction[value="${CSS.escape(emoji)}"]`)?.ariaPressed === 'true';
  /** @param {Part} message */
  const pickReaction = async (message) => {
    const { pickEmoji } = await import('./emoji.js');
    const emoji = await pickEmoji();
    if (emoji) react(message, emoji, true);
  };
  /**
   * Returns whether it is done; says so if the server refuses it.
   * @param {Part} message
   * @param {'pin' | 'save'} what
   * @param {boolean} present
   */
  const toggle = async (message, what, present) => {
    const { settled, refusal } = await post(`${pathOf(conversation, message.dataset.seq)}/${what}`, { present: String(present) });
    if (refusal) announce(refusal);
    return settled && refusal === undefined;
  };
  /**
   * @param {Part} message
   * @param {boolean} present
   */
  const save = async (message, present) => {
    if (!(await toggle(message, 'save', present))) return;
    kept.save(message, present);
    const { saved, unsaved } = document.querySelector('#copied').dataset;
    announce(present ? saved : unsaved);
  };
  /** @type {Record<string, (message: Part) => void>} */
  const acts = {
    reply: (message) => composer.reply(message),
    edit: (message) => composer.edit(message, edits.textOf(Number(message.dataset.seq))),
    copy: (message) => copy(typed(conversation, message)),
    link: (message) => copy(`${location.origin}/c/${conversation}?at=${message.dataset.seq}#${message.id}`),
    unread: async (message) => {
      const { answer } = await post(`${pathOf(conversation, message.dataset.seq)}/unread`, {});
      if (answer) onUnread(message, answer);
    },
    pin: (message) => toggle(message, 'pin', true),
    unpin: (message) => toggle(message, 'pin', false),
    save: (message) => save(message, true),
    unsave: (message) => save(message, false),
    delete: (message) => ask('#ask-delete', () => post(`${pathOf(conversation, message.dataset.seq)}/delete`, {})),
  };
}

/**
 * @param {Part} menu
 * @param {Part} more
 * @param {{ own: boolean, pinned: boolean, saved: boolean }} state
 */
function open(menu, more, { own, pinned, saved }) {
  const show = (/** @type {string} */ act, /** @type {boolean} */ shown) => (menu.querySelector(`[data-act=${act}]`).hidden = !shown);
  show('pin', !pinned);
  show('unpin', pinned);
  show('save', !saved);
  show('unsave', saved);
  menu.querySelector('[data-act=edit]').hidden = !own;
  menu.querySelector('[data-act=delete]').hidden = !own && !document.querySelector('.bar[data-owner]:not([data-kind=direct])');
  menu.showPopover();
  const { top, bottom, left, right } = more.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + GAP_PX + height < innerHeight;
  const x = document.dir === 'rtl' ? right - width : left;
  menu.style.top = `${Math.max(GAP_PX, below ? bottom + GAP_PX : top - GAP_PX - height)}px`;
  menu.style.left = `${Math.max(GAP_PX, Math.min(x, innerWidth - width - GAP_PX))}px`;
  menu.querySelector('button').focus();
}

/**
 * Moves the toolbar to the message under the mouse.
 * @param {Part} list
 * @param {(message: Part, act: string) => void} onAct
 */
function showToolbar(list, onAct) {
  const bar = document.querySelector('#toolbar');
  list.addEventListener('pointerover', ({ pointerType, target }) => {
    const more = pointerType === 'mouse' && target.closest('.message')?.querySelector('.more');
    if (!more || more.previousElementSibling === bar) return;
    bar.hidden = false;
    more.before(bar);
  });
  bar.addEventListener('click', ({ target }) => {
    const button = target.closest('button');
    if (button) onAct(bar.closest('.message'), button.dataset.act);
  });
}

/**
 * Arrow keys move through the menu. The browser handles Escape.
 * @param {Part} menu
 * @param {KeyboardEvent} event
 */
function move(menu, event) {
  const buttons = Array.from(menu.querySelectorAll('button:not([hidden])'));
  const at = buttons.indexOf(/** @type {Part} */ (document.activeElement));
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? buttons.length - 1 : step && at + step;
  if (to === undefined) return;
  event.preventDefault();
  buttons.at(to % buttons.length)?.focus();
}

/**
 * Scrolls to the quoted message if it is on the page; else the browser follows the link.
 * @param {On<MouseEvent>} event
 */
function jump(event) {
  const quote = event.target.closest('.quote');
  const quoted = quote && document.getElementById(`m${quote.dataset.quote}`);
  if (!quoted) return;
  event.preventDefault();
  quoted.scrollIntoView({ block: 'center' });
  history.replaceState(null, '', `#${quoted.id}`);
  quoted.classList.remove('shown');
  void quoted.offsetWidth; // restarts the animation
  quoted.classList.add('shown');
}

/**
 * @param {string} selector
 * @param {() => void} onYes
 */
function ask(selector, onYes) {
  const dialog = document.querySelector(selector);
  dialog.returnValue = '';
  dialog.addEventListener('close', () => dialog.returnValue && onYes(), { once: true });
  dialog.showModal();
}

/**
 * A message as it was typed, with its marks.
 * @param {number} conversation
 * @param {Part} message
 */
async function typed(conversation, message) {
  const { body } = (await source(conversation, message.dataset.seq)) ?? {};
  // biome-ignore lint/performance/useDomNodeTextContent: only this has the line breaks.
  return body ?? message.querySelector('.body')?.innerText ?? '';
}

/**
 * Copies a text, or the text that a promise brings, and shows a toast.
 * @param {string | Promise<string>} text
 */
export async function copy(text) {
  await put(text);
  announce(document.querySelector('#copied').dataset.text);
}

/**
 * Shows a sentence for a moment, and longer the more there is to read.
 * @param {string} sentence
 */
function announce(sentence) {
  const toast = document.querySelector('#copied');
  clearTimeout(toastTimer);
  toast.textContent = ''; // the same text twice would be announced once
  requestAnimationFrame(() => (toast.textContent = sentence));
  toastTimer = setTimeout(() => (toast.textContent = ''), TOAST_MS + sentence.length * READING_MS);
}

/** @param {string | Promise<string>} text */
async function put(text) {
  try {
    // Safari accepts only what starts with the click, such as a promise.
    const blob = Promise.resolve(text).then((found) => new Blob([found], { type: 'text/plain' }));
    return await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
  } catch {
    // The clipboard API needs TLS and a permission.
  }
  const focused = /** @type {Part | null} */ (document.activeElement);
  const area = document.createElement('textarea');
  area.value = await text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  focused?.focus();
}
