// What a page shows of the history: where it opens, and what is fetched when the reader scrolls near an end, or clicks its link.

import { comesBefore, itemsOf } from './arrange.js';

/** @typedef {{ list: Part, region: Part, scroller: Part, onLoaded: (page: Document) => void }} View */

/**
 * Loads older and newer messages when the reader scrolls near them; `onLoaded(page)` takes what was loaded.
 * @param {View} view
 */
export function watchEnds({ list, region, scroller, onLoaded }) {
  const view = { list, region, scroller, onLoaded };
  watch('.older', view);
  watch('.newer', view);
}

/**
 * Inserts items where they belong.
 * @param {Part} list
 * @param {Part[]} items
 */
export function insertItems(list, items) {
  for (const item of items) {
    const before = itemsOf(list).findLast((other) => comesBefore(other, item));
    if (before) before.after(item);
    else list.prepend(item);
  }
}

/**
 * Fetches a page of the chat as a document, or null.
 * @param {string} address
 */
export async function fetchPage(address) {
  try {
    const response = await fetch(address);
    return response.ok ? new DOMParser().parseFromString(await response.text(), 'text/html') : null;
  } catch {
    return null;
  }
}

/**
 * Puts the messages of another page, and its links to the rest, in place of those on screen. What is not sent yet stays.
 * @param {Document} page
 * @param {Part} list
 */
export function replacePage(page, list) {
  /** @param {Part} item */
  const isSent = ({ dataset }) => page.querySelector(`.message[data-client-id="${dataset.clientId}"]`);
  const unsent = itemsOf(list).filter((item) => !item.dataset.rev && !isSent(item));
  list.replaceChildren(...page.querySelector('.messages').children, ...unsent);
  for (const link of document.querySelectorAll('.track > :is(.older, .newer, .latest), .first-unread')) link.remove();
  const older = page.querySelector('.track > .older');
  if (older) document.querySelector('.track').prepend(older);
}

/**
 * @param {string} selector
 * @param {View} view
 */
function watch(selector, view) {
  const link = document.querySelector(selector);
  if (!link) return;
  let loading = false;
  const load = async () => {
    if (loading) return;
    loading = true;
    link.classList.add('loading');
    const page = await fetchPage(link.href);
    if (page && link.isConnected) add(page, selector, link, view);
    link.classList.remove('loading');
    loading = false;
    if (!page) return; // keep the link: a click retries
    observer.unobserve(link);
    if (link.isConnected) observer.observe(link);
  };
  link.addEventListener('click', (event) => {
    event.preventDefault();
    load();
  });
  const margin = { root: view.scroller, rootMargin: '600px 0px' };
  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && load(), margin);
  observer.observe(link);
}

/**
 * @param {Document} page
 * @param {string} selector
 * @param {Part} link
 * @param {View} view
 */
function add(page, selector, link, { list, region, scroller, onLoaded }) {
  const items = itemsOf(page.querySelector('.messages')).filter(
    ({ id, dataset }) => !(id ? list.querySelector(`#${id}`) : list.querySelector(`.notice[data-rev="${dataset.rev}"]`)),
  );
  region.ariaLive = 'off'; // screen readers should not read history aloud
  const fromEnd = scroller.scrollHeight + scroller.scrollTop;
  if (selector === '.older') list.prepend(...items);
  else insertItems(list, items);
  const next = page.querySelector(selector);
  if (next && items.length > 0) link.href = next.getAttribute('href') ?? '';
  else removeLinks(link);
  onLoaded(page);
  // The column counts from its end, so items added below would move what the person is reading.
  if (selector === '.newer') scroller.scrollTop = fromEnd - scroller.scrollHeight;
  requestAnimationFrame(() => (region.ariaLive = 'polite'));
}

/** @param {Part} link */
function removeLinks(link) {
  if (link.matches('.newer')) document.querySelector('.track > .latest')?.remove();
  link.remove();
}

/**
 * Scrolls to the message that the address names, or to the first unread one. Returns whether newer messages are out of view.
 * @param {Part} list
 * @param {Part} scroller
 */
export function arrive(list, scroller) {
  if (scrollToAddressed() || location.hash) return false;
  const line = list.querySelector('.new-since');
  const isAbove = line && line.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
  if (isAbove) line.scrollIntoView({ block: 'start' });
  return Boolean(isAbove);
}

/** After a login the address has lost its fragment. */
function scrollToAddressed() {
  const seq = new URLSearchParams(location.search).get('at');
  const item = seq && !location.hash ? document.getElementById(`m${seq}`) : null;
  item?.scrollIntoView({ block: 'center' });
  item?.classList.add('shown');
  return Boolean(item);
}
