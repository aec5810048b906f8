// Shows an image at full size above the page, with buttons to the next and the previous one. It is an entry of the browser's
// history, so that a phone's Back closes it.

import { copyOf } from './arrange.js';

/** @type {{ element: Part, part: (name: string) => Part, link: Part, messages: Part }} */
let dialog;

/**
 * Opens the image of `link`; the buttons lead to the other images of `messages`.
 * @param {Part} link
 * @param {Part} messages
 */
export function open(link, messages) {
  dialog ??= create(link, messages);
  dialog.messages = messages;
  show(link);
  if (dialog.element.open) return;
  history.pushState({ lightbox: true }, '');
  dialog.element.showModal();
}

/**
 * @param {Part} link
 * @param {Part} messages
 */
function create(link, messages) {
  const element = copyOf('#lightbox');
  /** @param {string} name */
  const part = (name) => element.querySelector(name);
  const rightToLeft = getComputedStyle(document.documentElement).direction === 'rtl';
  part('.close').addEventListener('click', () => element.close());
  part('.previous').addEventListener('click', () => step(-1));
  part('.next').addEventListener('click', () => step(1));
  element.addEventListener('click', (event) => event.target === element && element.close());
  element.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') step(rightToLeft ? 1 : -1);
    if (key === 'ArrowRight') step(rightToLeft ? -1 : 1);
  });
  addEventListener('popstate', () => element.open && element.close());
  element.addEventListener('close', () => {
    if (history.state?.lightbox) history.back();
    part('img').removeAttribute('src');
    dialog.link.focus();
  });
  document.body.append(element);
  return { element, part, link, messages };
}

/** Read each time, since messages may change while the dialog is open. */
function pictures() {
  return [...dialog.messages.querySelectorAll('a[data-lightbox]')];
}

/** @param {number} by */
function step(by) {
  const all = pictures();
  const next = all[all.indexOf(dialog.link) + by];
  if (!next) return;
  show(next);
  // The browser moves the focus away from a button that becomes disabled.
  if (document.activeElement?.matches('body, :disabled')) dialog.part('.close').focus();
}

/** @param {Part} link */
function show(link) {
  dialog.link = link;
  const all = pictures();
  const index = all.indexOf(link);
  const image = dialog.part('img');
  const name = link.querySelector('img').alt;
  image.width = link.dataset.width;
  image.height = link.dataset.height;
  image.src = link.href;
  image.alt = name;
  dialog.part('.name').textContent = name;
  dialog.part('.original').href = link.href;
  dialog.part('.previous').disabled = index <= 0;
  dialog.part('.next').disabled = index === all.length - 1;
}
