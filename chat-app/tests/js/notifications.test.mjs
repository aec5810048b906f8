// Notifications: closed when their message was read or deleted, and shown for every push.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import vm from 'node:vm';

import { load, message, open, settled } from './page.mjs';

/** The notifications of a service worker's registration. */
function registration() {
  const shown = [];
  return {
    shown,
    getNotifications: async ({ tag } = {}) => shown.filter((one) => !tag || one.tag === tag),
    showNotification: async (title, { tag, ...options }) => {
      const before = shown.findIndex((one) => one.tag === tag);
      if (before >= 0) shown.splice(before, 1);
      const one = { title, tag, ...options, close: () => shown.splice(shown.indexOf(one), 1) };
      shown.push(one);
    },
  };
}

async function page({ lastRead }) {
  open();
  const list = document.createElement('ul');
  list.className = 'conversations';
  list.innerHTML = `<li data-conversation="7" data-kind="direct" data-last-seq="3" data-last-read="${lastRead}"><b class="name">bo</b></li>`;
  document.body.append(list);
  const held = registration();
  const locks = { request: () => Promise.resolve(), query: async () => ({ held: [] }) };
  Object.defineProperty(navigator, 'serviceWorker', { value: { getRegistration: async () => held } });
  Object.defineProperty(navigator, 'locks', { value: locks });
  window.Notification = globalThis.Notification = { permission: 'granted' };
  const notify = await load('notify.js');
  await held.showNotification('bo', { tag: 'c-7', body: 'message 3', data: { url: '/c/7', seq: 3 } });
  return { notify, shown: held.shown };
}

test('a notification closes when its conversation was read elsewhere', async () => {
  const { notify, shown } = await page({ lastRead: 3 });
  await notify.closeRead();
  assert.equal(shown.length, 0);
});

test('a notification of what is unread stays', async () => {
  const { notify, shown } = await page({ lastRead: 2 });
  await notify.closeRead();
  assert.equal(shown.length, 1);
});

test('a notification follows the edit and the deletion of its message', async () => {
  const { notify, shown } = await page({ lastRead: 2 });
  await notify.changed({ conversation: 7, seq: 2, html: message({ seq: 2, text: 'another one' }) });
  assert.equal(shown[0].body, 'message 3');
  await notify.changed({ conversation: 7, seq: 3, html: message({ seq: 3, rev: 4, text: 'corrected' }) });
  await settled();
  assert.equal(shown[0].body, 'corrected');
  await notify.changed({ conversation: 7, seq: 3, html: message({ seq: 3, rev: 5, deleted: true }) });
  assert.equal(shown.length, 0);
});

for (const [where, pages, left] of [['elsewhere', [], 1], ['on screen', [{ focused: true, url: 'http://chat.test/c/7' }], 0]]) {
  test(`a push whose conversation is ${where} shows a notification`, async () => {
    const held = registration();
    let count = 0;
    const show = held.showNotification;
    held.showNotification = (...options) => {
      count += 1;
      return show(...options);
    };
    const listeners = {};
    const self = {
      addEventListener: (name, act) => (listeners[name] = act),
      clients: { matchAll: async () => pages },
      registration: held,
      navigator: {},
    };
    vm.runInNewContext(await readFile(new URL('../../static/sw.js', import.meta.url), 'utf8'), { self, URL, fetch, URLSearchParams });
    let done;
    listeners.push({ data: { json: () => ({ title: 'bo', body: 'hello', url: '/c/7', tag: 'c-7', seq: 3 }) }, waitUntil: (work) => (done = work) });
    await done;
    assert.equal(count, 1);
    assert.equal(held.shown.length, left);
  });
}
