// Pinned and saved messages: the count in the header follows live changes, and the menu offers what is not done yet.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, message, open, settled } from './page.mjs';

const MENU = ['pin', 'unpin', 'save', 'unsave', 'edit', 'delete'];

/** A page with the link to the pinned messages and the menu; `answer` is the server's to any request. */
async function page({ items = [1, 2], pinned = '', saved = '', answer = () => new Response(null, { status: 204 }) } = {}) {
  open({ items: items.map((seq) => message({ seq, pinned: pinned.split(' ').includes(String(seq)) })), rev: 2 });
  const buttons = MENU.map((act) => `<button data-act="${act}"></button>`).join('');
  document.body.insertAdjacentHTML('beforeend',
    `<a class="pins" data-pinned="${pinned}"${pinned ? '' : ' hidden'}><span class="count">${pinned ? pinned.split(' ').length : 0}</span></a>
    <div id="menu" data-saved="${saved}">${buttons}</div><div id="toolbar" hidden><button data-act="reply"></button></div>`);
  const toast = document.querySelector('#copied');
  Object.assign(toast.dataset, { saved: 'Saved for later', unsaved: 'Removed' });
  const requests = [];
  globalThis.fetch = async (address, { body }) => {
    requests.push([new URL(address, location.href).pathname, Object.fromEntries(body)]);
    return answer();
  };
  const [{ Kept }, { Log }, { prepareMenu }] = await Promise.all(['kept.js', 'log.js', 'menu.js'].map(load));
  const log = new Log({ me: '1', rev: 2, onGap: () => {}, onSeen: () => {} });
  const kept = new Kept();
  log.onPlaced = (item) => kept.follow(item);
  const menu = document.querySelector('#menu');
  menu.showPopover = () => {};
  menu.hidePopover = () => {};
  prepareMenu({ list: document.querySelector('.messages'), me: '1', conversation: 7, composer: {}, edits: {}, kept, onUnread: () => {} });
  const offered = (seq) => {
    document.querySelector(`#m${seq} .more`).dispatchEvent(new Event('click', { bubbles: true, cancelable: true }));
    return MENU.filter((act) => !menu.querySelector(`[data-act=${act}]`).hidden && !/edit|delete/.test(act));
  };
  const act = async (seq, what) => {
    offered(seq);
    menu.querySelector(`[data-act=${what}]`).dispatchEvent(new Event('click', { bubbles: true }));
    await settled();
  };
  return { log, link: document.querySelector('.pins'), toast, requests, offered, act };
}

const count = ({ link }) => (link.hidden ? 'none' : link.textContent);

test('the header counts pinned messages live, also those that are not on screen', async () => {
  const here = await page();
  document.querySelector('.track').insertAdjacentHTML('afterbegin', '<a class="older" href="/c/7?before=1"></a>');
  assert.equal(count(here), 'none');
  here.log.apply({ rev: 3, html: message({ seq: 2, rev: 3, pinned: true }) });
  assert.equal(count(here), '1');
  here.log.apply({ rev: 4, html: message({ seq: 0.5, rev: 4, pinned: true }) });
  assert.equal(document.querySelectorAll('.messages > .message').length, 2, 'it is not on screen');
  assert.equal(count(here), '2');
  here.log.apply({ rev: 5, html: message({ seq: 0.5, rev: 5, pinned: true, text: 'edited' }) });
  assert.equal(count(here), '2', 'an edit of a pinned message');
  here.log.apply({ rev: 6, html: message({ seq: 2, rev: 6 }) });
  here.log.apply({ rev: 7, html: message({ seq: 0.5, rev: 7, deleted: true }) });
  assert.equal(count(here), 'none');
});

test('what was missed while away is counted, too', async () => {
  const here = await page({ pinned: '1' });
  here.log.applyRange({ from: 2, to: 5, items: [
    { rev: 3, html: message({ seq: 2, rev: 3, pinned: true }) },
    { rev: 5, html: message({ seq: 1, rev: 5 }) },
  ] });
  assert.equal(count(here), '1');
});

test('the menu offers what is not done yet', async () => {
  const here = await page({ pinned: '1', saved: '1' });
  assert.deepEqual(here.offered(1), ['unpin', 'unsave']);
  assert.deepEqual(here.offered(2), ['pin', 'save']);
  await here.act(2, 'save');
  assert.deepEqual(here.requests, [['/c/7/messages/2/save', { present: 'true' }]]);
  assert.equal(here.toast.textContent, 'Saved for later');
  assert.deepEqual(here.offered(2), ['pin', 'unsave']);
});

test('a refusal is shown in the words of the server, and nothing counts as done', async () => {
  const answer = () => new Response(JSON.stringify({ error: 'Unpin one first.' }), { status: 422 });
  const here = await page({ answer });
  await here.act(1, 'pin');
  assert.deepEqual(here.requests, [['/c/7/messages/1/pin', { present: 'true' }]]);
  assert.equal(here.toast.textContent, 'Unpin one first.');
  await here.act(1, 'save');
  assert.deepEqual(here.offered(1), ['pin', 'save']);
});
