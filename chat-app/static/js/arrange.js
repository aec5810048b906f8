// Separators between messages: a line for each day, and a gap where the sender changes. Times are in the reader's time zone.

import { sameDay, showClock, showDay } from './time.js';

const TURN_MS = 300_000; // like TURN_SECONDS on the server
const MIN_FOLDED = 3;
const FOLDED_NAMES = 3;
const JOINS = '[data-t=notice-joined], [data-t=notice-added]';

/**
 * Parses an item that the server rendered.
 * @param {string} html
 */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return /** @type {Part} */ (template.content.firstElementChild);
}

/**
 * A new element from one of the page's templates.
 * @param {string} template
 */
export function copyOf(template) {
  const [element] = document.querySelector(template).content.children;
  return /** @type {Part} */ (element.cloneNode(true));
}

/**
 * Gives a frame or the answer to a send its `html`. Of a message that is nothing but text it has only what differs from
 * message to message; the page has a template for the rest.
 * @template {Partial<MessageFrame>} F
 * @param {F} frame
 * @returns {F & { html: string }}
 */
export function whole(frame) {
  if (!frame.plain) return /** @type {any} */ (frame);
  const { conversation, seq, rev, sender, plain, ...others } = frame;
  const item = copyOf('#plain-message');
  item.id = `m${seq}`;
  Object.assign(item.dataset, { seq, rev, sender, clientId: plain.id });
  showFace(item.querySelector('.avatar'), plain.face);
  item.querySelector('.sender bdi').textContent = plain.name;
  item.querySelector('time').dateTime = plain.at;
  item.querySelector('.body').innerHTML = plain.text; // sanitized by the server, like every item
  item.querySelector('.more').href = `/c/${conversation}/messages/${seq}`;
  return /** @type {any} */ ({ conversation, seq, rev, sender, html: item.outerHTML, ...others });
}

/**
 * @param {Part} avatar
 * @param {PlainMessage['face']} face
 */
function showFace(avatar, { picture, initials, tone }) {
  avatar.textContent = initials ?? '';
  avatar.className = `avatar tone-${tone}`;
  if (!picture) return;
  const image = new Image(36, 36);
  Object.assign(image, { className: 'avatar', src: `/avatar/${picture}`, alt: '', loading: 'lazy' });
  avatar.replaceWith(image);
}

/**
 * The sender's name. The name of a deleted account comes from the style sheet.
 * @param {Part} message
 */
export function senderOf(message) {
  const name = message.querySelector('.sender')?.textContent.trim() ?? '';
  return name || formerName();
}

const formerName = () => getComputedStyle(document.documentElement).getPropertyValue('--t-former').replaceAll('"', '');

/**
 * @returns {Part[]}
 * @param {ParentNode} list
 */
export const itemsOf = (list) => Array.from(list.querySelectorAll(':scope > .message, :scope > .notice'));
/**
 * @returns {Part[]}
 * @param {ParentNode} list
 */
export const messagesOf = (list) => Array.from(list.querySelectorAll(':scope > .message'));

/**
 * The seq of a message, or of the message before a notice.
 * @param {Part} item
 */
export const positionOf = ({ dataset }) => Number(dataset.seq ?? dataset.after);

/**
 * Whether an item stands before another one. What is not sent yet stands below everything.
 * @param {Part} other
 * @param {Part} item
 */
export function comesBefore(other, item) {
  if (!other.dataset.rev) return false;
  const [a, b] = [positionOf(other), positionOf(item)];
  if (a !== b) return a < b;
  return Boolean(other.dataset.seq) || Number(other.dataset.rev) < Number(item.dataset.rev);
}

/**
 * Shows times in the reader's time zone, and the separators between items.
 * @param {Part} list
 */
export function arrange(list) {
  /** @type {Part | null} */
  let previous = null;
  for (const item of itemsOf(list)) {
    const time = item.querySelector('time');
    if (time) showClock(time);
    separate(previous, item);
    previous = item;
  }
  // Remove the separators of items that have moved.
  while (previous?.nextElementSibling?.matches('.day, .turn')) previous.nextElementSibling.remove();
  foldJoins(list);
}

/**
 * Folds joins that follow each other into one line, which a click opens.
 * @param {Part} list
 */
function foldJoins(list) {
  /** @type {Part[]} */
  let run = [];
  const end = () => {
    const fold = run.length < MIN_FOLDED ? null : (foldOf(run[0]) ?? newFold(list, run[0]));
    if (fold) fold.querySelector('button').textContent = joined(list, run);
    for (const notice of run) notice.classList.toggle('folded', Boolean(fold?.querySelector('[aria-expanded=false]')));
    run = [];
    return fold;
  };
  const folds = new Set();
  for (const item of list.querySelectorAll(':scope > *')) {
    if (item.matches('.notice') && item.querySelector(JOINS)) run.push(item);
    else if (!item.matches('.fold, .turn')) folds.add(end());
  }
  folds.add(end());
  for (const fold of list.querySelectorAll('.fold')) if (!folds.has(fold)) fold.remove();
}

/** @param {Part} first */
const foldOf = (first) => {
  const before = /** @type {Part | null} */ (first.previousElementSibling);
  return before?.matches('.fold') ? before : null;
};

/**
 * @param {Part} list
 * @param {Part} first
 */
function newFold(list, first) {
  const fold = parse('<li class="fold"><button class="quiet" type="button" aria-expanded="false"></button></li>');
  const button = fold.querySelector('button');
  button.addEventListener('click', () => {
    button.setAttribute('aria-expanded', String(button.getAttribute('aria-expanded') === 'false'));
    foldJoins(list);
  });
  first.before(fold);
  return fold;
}

/**
 * Who joined: the first names, and how many others.
 * @param {Part} list
 * @param {Part[]} notices
 */
function joined(list, notices) {
  const names = notices.map((notice) => {
    const { actor, subject, former = '' } = notice.querySelector('[data-t]').dataset;
    const who = subject === undefined ? 'actor' : 'subject';
    return former.split(' ').includes(who) ? formerName() : (subject ?? actor);
  });
  const shown = Array.from(new Set(names));
  const more = shown.length > FOLDED_NAMES ? [`+${shown.length - FOLDED_NAMES}`] : [];
  return list.dataset.joined.replace('\u0002', () => [...shown.slice(0, FOLDED_NAMES), ...more].join(', '));
}

/**
 * Who an item is by: messages of one integration may have different names.
 * @param {Part} item
 */
const by = (item) => `${item.dataset.sender} ${item.dataset.alias ?? ''}`;

/**
 * Puts the right separator between two items, or none. Keeps the line before the first unread message.
 * @param {Part | null} previous
 * @param {Part} item
 */
function separate(previous, item) {
  const at = new Date(item.querySelector('time').dateTime);
  const before = previous && new Date(previous.querySelector('time').dateTime);
  const turn = previous && before && (by(previous) !== by(item) || at.getTime() - before.getTime() >= TURN_MS);
  const kind = !before || !sameDay(before, at) ? 'day' : turn ? 'turn' : '';
  const between = [];
  for (let node = item.previousElementSibling; node && node !== previous; node = node.previousElementSibling) {
    if (!node.matches('.new-since, .fold')) between.push(node);
  }
  let mark = between.find((node) => node.className === kind);
  for (const node of between) if (node !== mark) node.remove();
  if (!kind) return;
  if (!mark) {
    mark = parse(kind === 'day' ? '<li class="day" data-testid="day"><time></time></li>' : '<li class="turn" hidden></li>');
    item.before(mark);
  }
  if (kind !== 'day') return;
  const time = mark.querySelector('time');
  time.dateTime = item.querySelector('time').dateTime;
  showDay(time);
}
