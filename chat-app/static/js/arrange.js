// What stands between messages: a line for each day, and the beginning of a turn. Times in the reader's zone.

import { sameDay, showClock, showDay } from './time.js';

const TURN_MS = 300_000; // as TURN_SECONDS on the server

/** The list item as the server wrote it. */
export function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** What the sender of a message is called; a deleted account's name comes by the style sheet. */
export function senderOf(message) {
  const name = message.querySelector('.sender')?.textContent.trim() ?? '';
  return name || getComputedStyle(document.documentElement).getPropertyValue('--t-former').replaceAll('"', '');
}

/** Messages and notices, in order. */
export const itemsOf = (list) => Array.from(list.querySelectorAll(':scope > .message, :scope > .notice'));
/** The messages alone. */
export const messagesOf = (list) => Array.from(list.querySelectorAll(':scope > .message'));

/** Shows the reader's times, and what belongs between the items of a list. */
export function arrange(list) {
  let previous = null;
  for (const item of itemsOf(list)) {
    const time = item.querySelector('time');
    if (time) showClock(time);
    separate(previous, item);
    previous = item;
  }
  // What stood between items that have moved.
  while (previous && previous.nextElementSibling?.matches('.day, .turn')) previous.nextElementSibling.remove();
}

/** What stands between two items: a day's line, the beginning of a turn, or nothing. Where the new begins, stays. */
function separate(previous, item) {
  const at = new Date(item.querySelector('time').dateTime);
  const before = previous && new Date(previous.querySelector('time').dateTime);
  const turn = previous && (previous.dataset.sender !== item.dataset.sender || at - before >= TURN_MS);
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
