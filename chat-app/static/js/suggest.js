// Suggestions while typing: people after `@`, emoji after `:`. Loaded when either is typed first.

import { isComposing } from './keys.js';

const MAX_EMOJI = 8;
const MIN_EMOJI_CHARS = 2;

/**
 * `codes` are what may be typed as a whole, `names` what may be continued.
 * @typedef {{ text: string, label: string, hint: string, codes: string[], names: string[] }} Suggestion
 */

/** @param {{ text: Part, conversation: number }} options */
export function suggest({ text, conversation }) {
  const box = document.querySelector('#suggestions');
  /** @type {Suggestion[]} */
  let options = [];
  let chosen = 0;
  let moved = false; // whether the person has chosen one with the arrows
  let latest = 0;

  const close = () => {
    box.hidden = true;
    options = [];
    text.removeAttribute('aria-activedescendant');
  };
  const mark = () => {
    for (const [n, option] of box.querySelectorAll('[role=option]').entries()) option.ariaSelected = String(n === chosen);
    text.setAttribute('aria-activedescendant', `suggestion-${chosen}`);
  };
  /** @param {number} n */
  const take = (n) => {
    const word = wordAt(text);
    if (!word) return close(); // the caret has moved away
    text.setRangeText(`${options[n].text} `, word.start, text.selectionStart, 'end');
    close();
    text.dispatchEvent(new Event('input'));
  };
  const update = async () => {
    const word = wordAt(text);
    latest += 1;
    const turn = latest;
    if (!word) return close();
    const found = await (word.sign === '@' ? people(conversation, word.rest) : emoji(word.rest));
    if (turn !== latest) return;
    if (found.length === 0) return close();
    options = found;
    chosen = 0;
    moved = false;
    box.replaceChildren(...found.map(row));
    box.hidden = false;
    mark();
  };

  text.setAttribute('aria-controls', 'suggestions');
  text.setAttribute('aria-autocomplete', 'list');
  text.addEventListener('input', update);
  document.addEventListener('selectionchange', () => box.hidden || wordAt(text) || close());
  text.addEventListener('blur', () => setTimeout(close, 150)); // after a click on a suggestion
  text.addEventListener(
    'keydown',
    (event) => {
      if (box.hidden || isComposing(event) || !wordAt(text)) return;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) chosen = (chosen + step + options.length) % options.length;
      else if (event.key === 'Tab' || (event.key === 'Enter' && (moved || continues(wordAt(text)?.rest ?? '', options)))) take(chosen);
      else if (event.key === 'Escape') close();
      else return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!step) return;
      moved = true;
      mark();
    },
    { capture: true },
  );
  box.addEventListener('mousedown', (event) => {
    const row = event.target.closest('[role=option]');
    if (!row) return;
    event.preventDefault(); // keep the focus in the field
    take(Array.from(box.children).indexOf(row));
  });
  update();
}

/**
 * The word before the caret, if it starts with `@` or `:`.
 * @param {Part} text
 */
function wordAt(text) {
  const before = text.value.slice(0, text.selectionStart);
  const found = before.match(/(?:^|[\s(])([@:])([\p{L}\p{N}._+-]*)$/u);
  if (!found) return null;
  const [, sign, rest] = found;
  if (sign === ':' && rest.length < MIN_EMOJI_CHARS) return null;
  return { sign, rest, start: before.length - rest.length - 1 };
}

/**
 * Whether Enter completes the word: something is typed, the first suggestion continues it, and it is no whole name yet.
 * @param {string} rest
 * @param {Suggestion[]} options
 */
function continues(rest, options) {
  const typed = rest.toLowerCase();
  const isWhole = options.some(({ codes }) => codes.includes(typed));
  return typed !== '' && !isWhole && options[0].names.some((name) => name.startsWith(typed));
}

/**
 * @param {number} conversation
 * @param {string} q
 * @returns {Promise<Suggestion[]>}
 */
async function people(conversation, q) {
  try {
    const headers = { Accept: 'application/json' };
    const response = await fetch(`/c/${conversation}/members?${new URLSearchParams({ q })}`, { headers });
    if (!response.ok) return [];
    /** @type {{ name: string, display_name: string }[]} */
    const found = await response.json();
    return found.map(({ name, display_name }) => ({
      text: `@${name}`,
      label: display_name,
      hint: `@${name}`,
      codes: [name.toLowerCase()],
      names: [name.toLowerCase(), ...display_name.toLowerCase().split(/\s+/)],
    }));
  } catch {
    return [];
  }
}

/**
 * @param {string} word
 * @returns {Promise<Suggestion[]>}
 */
async function emoji(word) {
  const { findEmoji } = await import('./emoji.js');
  const found = await findEmoji(word.toLowerCase(), MAX_EMOJI);
  return found.map(([sign, names]) => ({ text: sign, label: sign, hint: `:${names[0]}:`, codes: names, names }));
}

/**
 * @param {Suggestion} suggestion
 * @param {number} n
 */
function row({ label, hint }, n) {
  const option = document.createElement('li');
  option.role = 'option';
  option.id = `suggestion-${n}`;
  const [name, more] = [document.createElement('bdi'), document.createElement('span')];
  name.textContent = label;
  more.textContent = hint;
  option.append(name, ' ', more);
  return option;
}
