// The emoji picker, loaded when it is opened first: the person's recent emoji, then all by group, or what a word finds.

import { isComposing } from './keys.js';
import { recentKey } from './storage.js';

const MAX_RECENT = 16;
const MAX_FOUND = 400;

/** @typedef {[sign: string, names: string[], group: number]} Emoji */

/** @param {string} name */
const assetUrl = (name) => new URL(name, import.meta.url).href;
/** @type {Promise<Emoji[]> | null} */
let cache = null;

/** All emoji in Unicode's order. */
export function emojiList() {
  cache ??= fetch(assetUrl('emoji.json')).then((response) => response.json());
  return cache;
}

/**
 * Emoji with a name that contains `word`: names that start with it first.
 * @param {string} word
 * @param {number} limit
 */
export async function findEmoji(word, limit) {
  const all = await emojiList();
  const starts = all.filter(([, names]) => names.some((name) => name.startsWith(word)));
  const holds = all.filter(([, names]) => !names.some((name) => name.startsWith(word)) && names.some((name) => name.includes(word)));
  return [...starts, ...holds].slice(0, limit);
}

/**
 * Opens the picker. Resolves to the chosen emoji, or to an empty string.
 * @returns {Promise<string>}
 */
export async function pickEmoji() {
  const dialog = document.querySelector('#emoji');
  const [search, grid] = [dialog.querySelector('input'), dialog.querySelector('.grid')];
  const show = async () => {
    const word = search.value.trim().toLowerCase().replace(/\s+/g, '_');
    const all = await emojiList();
    const sections = word ? [section(null, await findEmoji(word, MAX_FOUND))] : byGroup(dialog, all);
    grid.replaceChildren(...sections);
    grid.scrollTop = 0;
    const first = grid.querySelector('button');
    if (first) first.tabIndex = 0;
    dialog.querySelector('.none').hidden = Boolean(first);
    const groups = dialog.querySelector('.groups');
    if (!groups.hasChildNodes()) groups.append(...tabs(dialog, all));
    groups.hidden = word !== '';
  };
  search.value = '';
  search.oninput = show;
  /** @param {KeyboardEvent} event */
  dialog.onkeydown = (event) => {
    if (!isComposing(event) && move(event, search, grid)) event.preventDefault();
  };
  dialog.onclick = ({ target }) => {
    const { value, dataset } = /** @type {Part} */ (target).closest('.grid button, .groups button') ?? {};
    if (dataset?.to) grid.querySelector(`[data-group="${dataset.to}"]`).scrollIntoView({ block: 'start' });
    else if (value) dialog.close(value);
  };
  dialog.returnValue = '';
  const closed = new Promise((done) => dialog.addEventListener('close', () => done(null), { once: true }));
  dialog.showModal();
  await show();
  await closed;
  if (dialog.returnValue) remember(dialog.returnValue);
  return dialog.returnValue;
}

/**
 * The names of the groups, in the order of their numbers.
 * @param {Part} dialog
 * @returns {string[]}
 */
const titles = (dialog) => dialog.dataset.groups.split('|');

/**
 * A button for each group, which shows its first emoji and scrolls to it.
 * @param {Part} dialog
 * @param {Emoji[]} all
 */
function tabs(dialog, all) {
  return titles(dialog).map((title, group) => {
    const tab = button(all.find((emoji) => emoji[2] === group) ?? ['', [title], group]);
    tab.title = tab.ariaLabel = title;
    tab.dataset.to = String(group);
    tab.tabIndex = 0;
    return tab;
  });
}

/**
 * A section for each group, after the recent emoji.
 * @param {Part} dialog
 * @param {Emoji[]} all
 */
function byGroup(dialog, all) {
  const used = recent().flatMap((sign) => all.filter(([other]) => other === sign));
  const groups = titles(dialog).map((title, group) => {
    const element = section(title, all.filter((emoji) => emoji[2] === group));
    element.dataset.group = String(group);
    return element;
  });
  return used.length > 0 ? [section(dialog.dataset.recent, used), ...groups] : groups;
}

/**
 * @param {string | null} title
 * @param {Emoji[]} emoji
 */
function section(title, emoji) {
  const element = document.createElement('section');
  if (title) {
    const heading = document.createElement('h3');
    heading.textContent = title;
    element.append(heading);
    element.ariaLabel = title;
  }
  const row = document.createElement('div');
  row.append(...emoji.map(button));
  element.append(row);
  return element;
}

/** @param {Emoji} emoji */
function button([sign, names]) {
  const choice = document.createElement('button');
  choice.type = 'button';
  choice.tabIndex = -1; // the arrow keys lead to it
  choice.value = choice.textContent = sign;
  choice.title = choice.ariaLabel = names[0].replaceAll('_', ' ');
  return choice;
}

/**
 * The arrow keys move through the emoji, and Enter in the search field takes the first. Returns whether the key is used.
 * @param {KeyboardEvent} event
 * @param {Part} search
 * @param {Part} grid
 */
function move({ key }, search, grid) {
  const choices = Array.from(grid.querySelectorAll('button'));
  const at = choices.indexOf(/** @type {Part} */ (document.activeElement));
  if (at < 0) {
    if (document.activeElement !== search || choices.length === 0) return false;
    if (key === 'Enter') choices[0].click();
    else if (key === 'ArrowDown') focus(choices[0], choices);
    return key === 'Enter' || key === 'ArrowDown';
  }
  const forward = document.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  if (key === 'ArrowLeft' || key === 'ArrowRight') focus(choices[at + (key === forward ? 1 : -1)], choices);
  else if (key === 'ArrowDown') focus(beside(choices[at], choices.slice(at)), choices);
  else if (key === 'ArrowUp') focus(beside(choices[at], choices.slice(0, at).reverse()) ?? search, choices);
  else return false;
  return true;
}

/**
 * The choice in the next row among `others` that stands below or above `choice`, or the last one of that row.
 * @param {Part} choice
 * @param {Part[]} others
 */
function beside(choice, others) {
  const { left, top } = choice.getBoundingClientRect();
  const boxes = others.map((other) => ({ other, box: other.getBoundingClientRect() }));
  const row = boxes.find(({ box }) => Math.abs(box.top - top) > 1)?.box.top;
  const inRow = boxes.filter(({ box }) => box.top === row);
  inRow.sort((a, b) => Math.abs(a.box.left - left) - Math.abs(b.box.left - left));
  return inRow[0]?.other;
}

/**
 * @param {Part | undefined} choice
 * @param {Part[]} choices
 */
function focus(choice, choices) {
  if (!choice) return;
  for (const other of choices) if (other.tabIndex === 0) other.tabIndex = -1;
  choice.tabIndex = 0;
  choice.focus();
}

/** @returns {string[]} */
function recent() {
  try {
    return JSON.parse(localStorage.getItem(recentKey) ?? '[]');
  } catch {
    return [];
  }
}

/** @param {string} sign */
function remember(sign) {
  const others = recent().filter((other) => other !== sign);
  localStorage.setItem(recentKey, JSON.stringify([sign, ...others].slice(0, MAX_RECENT)));
}
