// Messages, edits and drafts until the server has them: nothing typed is lost, and no text takes another's place.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, message, open, settled } from './page.mjs';

const DRAFT = 'draft:1:7';
const field = () => document.querySelector('textarea');

/** A page with all parts of the composer; `answers` are the server's, by the end of the address. */
async function composing({ answers = {}, ...options } = {}) {
  open({ items: [message({ seq: 1, sender: 1, text: 'one' }), message({ seq: 2, sender: 1, text: 'two' })], rev: 2, ...options });
  const requests = [];
  globalThis.fetch = async (address, { body } = {}) => {
    requests.push([address, body && Object.fromEntries(body)]);
    const end = Object.keys(answers).find((end) => address.endsWith(end));
    if (!end) throw new TypeError('offline');
    return answers[end](body && Object.fromEntries(body));
  };
  const [{ Composer }, { Edits }, { Log }, { Outbox }] = await Promise.all(['compose.js', 'edits.js', 'log.js', 'send.js'].map(load));
  const form = document.querySelector('form');
  const log = new Log({ me: '1', rev: 2, onGap: () => {}, onSeen: () => {} });
  const composer = new Composer({ form, conversation: 7 });
  const edits = new Edits({ conversation: 7, composer });
  log.onPlaced = (item) => {
    composer.follow(item);
    edits.follow(item);
  };
  const outbox = new Outbox({ form, composer, edits, log, conversation: 7, onSent: () => {} });
  const item = (seq) => document.querySelector(`#m${seq}`);
  const type = (text) => {
    field().value = text;
    field().dispatchEvent(new Event('input'));
  };
  const send = (text) => {
    type(text);
    form.dispatchEvent(new Event('submit', { cancelable: true }));
  };
  return { composer, edits, outbox, log, item, type, send, requests };
}

const json = (value, status = 200) => () => new Response(status === 204 ? null : JSON.stringify(value), { status });

test('an edit on a slow link takes no text that is typed after it', async () => {
  let finish;
  const slow = () => new Promise((done) => (finish = () => done(new Response(null, { status: 204 }))));
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }), '/1/edit': slow, '/7/messages': () => new Promise(() => {}) } });
  page.composer.edit(page.item(1));
  await settled();
  page.send('one, corrected');
  assert.equal(page.item(1).dataset.state, 'pending');
  assert.equal(page.item(1).querySelector('.body').textContent, 'one, corrected');
  page.send('something new');
  await settled();
  const sent = page.requests.filter(([, body]) => body).map(([address, { body }]) => [address, body]);
  assert.deepEqual(sent.map(([address, body]) => [new URL(address, location.href).pathname, body]), [
    ['/c/7/messages/1/edit', 'one, corrected'],
    ['/c/7/messages', 'something new'],
  ]);
  finish();
});

test('a second edit meanwhile keeps its text when the first one is answered', async () => {
  let finish;
  const slow = () => new Promise((done) => (finish = () => done(new Response(null, { status: 204 }))));
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }), '/messages/2': json({ body: 'two' }), '/1/edit': slow } });
  page.composer.edit(page.item(1));
  await settled();
  page.send('one, corrected');
  page.composer.edit(page.item(2));
  await settled();
  page.type('two, half corrected');
  finish();
  await settled();
  assert.equal(field().value, 'two, half corrected');
  assert.equal(page.composer.editing, 2);
  assert.equal(page.item(1).dataset.state, 'sent');
});

test('the live event of an edit replaces it, and a reaction before it does not', async () => {
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }), '/1/edit': () => new Promise(() => {}) } });
  page.composer.edit(page.item(1));
  await settled();
  page.send('*corrected*');
  page.log.apply({ rev: 3, html: message({ seq: 1, rev: 3, sender: 1, text: 'one' }) });
  assert.equal(page.item(1).querySelector('.body').textContent, '*corrected*');
  page.log.apply({ rev: 4, html: message({ seq: 1, rev: 4, sender: 1, text: '<em>corrected</em>' }) });
  assert.equal(page.item(1).querySelector('.body').textContent, 'corrected');
  assert.equal(page.item(1).dataset.state, undefined);
});

test('the deletion of a message ends its edit, and what was changed is a draft', async () => {
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }) } });
  page.type('a draft');
  page.composer.edit(page.item(1));
  await settled();
  page.type('one, corrected');
  page.log.apply({ rev: 3, html: message({ seq: 1, rev: 3, sender: 1, deleted: true }) });
  assert.equal(page.composer.editing, null);
  assert.equal(field().value, 'one, corrected\na draft');
  assert.match(document.querySelector('#body-error').textContent, /deleted/);
});

test('an unchanged edit sends nothing', async () => {
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }) } });
  page.composer.edit(page.item(1));
  await settled();
  page.send('one');
  await settled();
  assert.equal(page.requests.filter(([, body]) => body).length, 0);
  assert.equal(page.composer.editing, null);
});

test('a refused edit returns to the composer, unless something else is written there', async () => {
  const refused = json({ error: 'Too long.' }, 422);
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }), '/1/edit': refused } });
  page.composer.edit(page.item(1));
  await settled();
  page.send('too long');
  await settled();
  assert.equal(page.composer.editing, 1);
  assert.equal(field().value, 'too long');
  assert.match(document.querySelector('#body-error').textContent, /Too long/);
  page.send('too long');
  page.type('another thing');
  await settled();
  assert.equal(field().value, 'another thing');
  assert.equal(page.item(1).dataset.state, 'failed');
  assert.equal(page.item(1).querySelector('.when-failed').textContent, 'Too long.');
});

test('a refused send returns text, reply and files', async () => {
  const page = await composing({ answers: { '/messages': json({ error: 'Too long.' }, 422) } });
  const returned = [];
  page.outbox.files = {
    take: () => [{ name: 'a.txt', upload: 'u1' }], restore: (files) => returned.push(...files),
    hasReady: () => true, isReady: () => true, isBusy: () => false, focusFailed: () => {},
  };
  page.composer.reply(page.item(2));
  page.send('a long text');
  assert.equal(document.querySelector('.context').hidden, true);
  await settled();
  assert.equal(field().value, 'a long text');
  assert.equal(document.querySelector('[name=reply_to]').value, '2');
  assert.equal(document.querySelector('.context').hidden, false);
  assert.deepEqual(returned.map(({ upload }) => upload), ['u1']);
});

test('a draft with its reply outlives the page', async () => {
  const page = await composing();
  page.composer.reply(page.item(2));
  page.type('an answer');
  window.dispatchEvent(new Event('pagehide'));
  const stored = localStorage.getItem(DRAFT);
  await composing({ storage: { [DRAFT]: stored } });
  assert.equal(field().value, 'an answer');
  assert.equal(document.querySelector('[name=reply_to]').value, '2');
  assert.equal(document.querySelector('.context .excerpt').textContent, 'two');
});

test('an edit under way outlives the page', async () => {
  const page = await composing({ answers: { '/messages/1': json({ body: 'one' }) } });
  page.type('a draft');
  page.composer.edit(page.item(1));
  await settled();
  page.type('one, half');
  window.dispatchEvent(new Event('pagehide'));
  const again = await composing({ storage: { [DRAFT]: localStorage.getItem(DRAFT) } });
  assert.equal(again.composer.editing, 1);
  assert.equal(field().value, 'one, half');
  again.composer.leaveContext();
  assert.equal(field().value, 'a draft');
});

test('what another tab has sent is no draft here', async () => {
  await composing({ storage: { [DRAFT]: JSON.stringify({ text: 'once' }) } });
  assert.equal(field().value, 'once');
  localStorage.removeItem(DRAFT);
  window.dispatchEvent(new StorageEvent('storage', { key: DRAFT, newValue: null }));
  assert.equal(field().value, '');
});

test('a tab that has changed nothing stores nothing, even if it has not heard of the others', async () => {
  await composing({ storage: { [DRAFT]: JSON.stringify({ text: 'once' }) } });
  localStorage.removeItem(DRAFT);
  window.dispatchEvent(new Event('pagehide'));
  assert.equal(localStorage.getItem(DRAFT), null);
});

test('a cleared text does not return after an edit that was cancelled', async () => {
  const page = await composing({ answers: { '/messages/2': json({ body: 'two' }) } });
  page.type('half a thought');
  page.type('');
  page.composer.edit(page.item(2));
  await settled();
  page.composer.leaveContext();
  assert.equal(field().value, '');
});

test('a reply follows what it replies to, and ends with it', async () => {
  const page = await composing();
  page.composer.reply(page.item(2));
  page.log.apply({ rev: 3, html: message({ seq: 2, rev: 3, text: 'two, corrected' }) });
  assert.equal(document.querySelector('.context .excerpt').textContent, 'two, corrected');
  page.log.apply({ rev: 4, html: message({ seq: 2, rev: 4, deleted: true }) });
  assert.equal(document.querySelector('[name=reply_to]').value, '');
  assert.equal(document.querySelector('.context').hidden, true);
});

test('Enter of an input method sends nothing, also in Safari', async () => {
  const page = await composing();
  page.type('にほん');
  let submitted = 0;
  document.querySelector('form').requestSubmit = () => (submitted += 1);
  const enter = (more) => {
    const event = new KeyboardEvent('keydown', { key: 'Enter', cancelable: true });
    for (const [name, value] of Object.entries(more)) Object.defineProperty(event, name, { value });
    field().dispatchEvent(event);
  };
  enter({ isComposing: true });
  enter({ isComposing: false, keyCode: 229 });
  assert.equal(submitted, 0);
  enter({ isComposing: false, keyCode: 13 });
  assert.equal(submitted, 1);
});
