// Separators between messages: a line for each day, and a gap where the sender changes. Times are in the reader's time zone.

import { sameDay, showClock, showDay } from './time.js';

const TURN_MS = 300_000; // like TURN_SECONDS on the server

/** Parses an item that the server rendered. */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/**
 * Gives a frame or the answer to a send its `html`. Of a message that is nothing but text it has only what differs from
 * message to message; the page has a template for the rest.
 */
export function whole(frame) {
  if (!frame.plain) return frame;
  const { conversation, seq, rev, sender, plain, ...others } = frame;
  const item = document.querySelector('#plain-message').content.firstElementChild.cloneNode(true);
  item.id = `m${seq}`;
  Object.assign(item.dataset, { seq, rev, sender, clientId: plain.id });
  showFace(item.querySelector('.avatar'), plain.face);
  item.querySelector('.sender bdi').textContent = plain.name;
  item.querySelector('time').dateTime = plain.at;
  item.querySelector('.body').innerHTML = plain.text; // sanitized by the server, like every item
  item.querySelector('.more').href = `/c/${conversation}/messages/${seq}`;
  return { conversation, seq, rev, sender, html: item.outerHTML, ...others };
}

function showFace(avatar, { picture, initials, tone }) {
  avatar.textContent = initials ?? '';
  avatar.className = `avatar tone-${tone}`;
  if (!picture) return;
  const image = new Image(36, 36);
  Object.assign(image, { className: 'avatar', src: `/avatar/${picture}`, alt: '', loading: 'lazy' });
  avatar.replaceWith(image);
}

/** The sender's name. The name of a deleted account comes from the style sheet. */
export function senderOf(message) {
  const name = message.querySelector('.sender')?.textContent.trim() ?? '';
  return name || getComputedStyle(document.documentElement).getPropertyValue('--t-former').replaceAll('"', '');
}

export const itemsOf = (list) => Array.from(list.querySelectorAll(':scope > .message, :scope > .notice'));
export const messagesOf = (list) => Array.from(list.querySelectorAll(':scope > .message'));

/** Shows times in the reader's time zone, and the separators between items. */
export function arrange(list) {
  let previous = null;
  for (const item of itemsOf(list)) {
    const time = item.querySelector('time');
    if (time) showClock(time);
    separate(previous, item);
    previous = item;
  }
  // Remove the separators of items that have moved.
  while (previous && previous.nextElementSibling?.matches('.day, .turn')) previous.nextElementSibling.remove();
}

/** Who an item is by: messages of one integration may have different names. */
const by = (item) => `${item.dataset.sender} ${item.dataset.alias ?? ''}`;

/** Puts the right separator between two items, or none. Keeps the line before the first unread message. */
function separate(previous, item) {
  const at = new Date(item.querySelector('time').dateTime);
  const before = previous && new Date(previous.querySelector('time').dateTime);
  const turn = previous && (by(previous) !== by(item) || at - before >= TURN_MS);
  const kind = !previous || !sameDay(before, at) ? 'day' : turn ? 'turn' : '';
  const between = [];
  for (let node = item.previousElementSibling; node && node !== previous; node = node.previousElementSibling) {
    if (!node.matches('.new-since')) between.push(node);
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
