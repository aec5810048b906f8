// The order of messages on screen: by seq and rev, whatever arrives when.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, message, notice, open, page, seqs, settled } from './page.mjs';

async function logOf(options) {
  open(options);
  const { Log } = await load('log.js');
  const gaps = [];
  const log = new Log({ me: '1', rev: options.rev, onGap: () => gaps.push(log.rev), onSeen: () => {} });
  return { log, gaps };
}

const items = (...numbers) => numbers.map((seq) => message({ seq }));

async function pending(log, client) {
  const { parse } = await load('arrange.js');
  log.append(parse(`<li class="message" data-state="pending" data-sender="1" data-client-id="${client}"><div class="meta">
    <time datetime="2026-03-04T05:06:07Z"></time></div><div class="body">mine</div></li>`));
}

test('changes that arrive in any order stand in the order of their seqs', async () => {
  const { log } = await logOf({ items: items(1, 2), rev: 2 });
  for (const seq of [5, 3, 4]) log.apply({ rev: seq, html: message({ seq }) });
  assert.deepEqual(seqs(), [1, 2, 3, 4, 5]);
  assert.equal(log.rev, 5);
});

test('an own message that is accepted before earlier ones arrive moves to its place', async () => {
  const { log } = await logOf({ items: items(1), rev: 1 });
  await pending(log, 'mine');
  log.sent({ rev: 3, html: message({ seq: 3, client: 'mine', sender: 1 }) });
  log.apply({ rev: 2, html: message({ seq: 2 }) });
  assert.deepEqual(seqs(), [1, 2, 3]);
});

test('a message sent from history brings the latest messages, and stands among them once', async () => {
  const { log } = await logOf({ items: items(36, 37), rev: 186, older: true, newer: true });
  fetch = async () => new Response(page({ items: items(184, 185, 186), rev: 186, older: true }));
  await pending(log, 'mine');
  log.sent({ rev: 187, html: message({ seq: 187, client: 'mine', sender: 1 }) });
  await settled();
  log.apply({ rev: 187, html: message({ seq: 187, client: 'mine', sender: 1 }) });
  await settled();
  assert.equal(document.querySelector('.newer'), null);
  assert.deepEqual(seqs().slice(0, 3), [184, 185, 186]);
});

test('history that cannot be left keeps its order: the sent message is not among older ones', async () => {
  const { log } = await logOf({ items: items(36, 37), rev: 186, older: true, newer: true });
  await pending(log, 'mine');
  log.sent({ rev: 187, html: message({ seq: 187, client: 'mine', sender: 1 }) });
  await settled();
  assert.deepEqual(seqs(), [36, 37]);
  assert.equal(document.querySelector('.jump').hidden, false);
});

test('what is pending stays below newer messages that are loaded', async () => {
  const { log } = await logOf({ items: items(1, 2), rev: 4, newer: true });
  await pending(log, 'mine');
  fetch = async () => new Response(page({ items: items(3, 4), rev: 4 }));
  document.querySelector('.newer').click();
  await settled();
  assert.deepEqual(seqs(), [1, 2, 3, 4, 'pending']);
});

test('a page that is older than what was applied is completed by a request', async () => {
  const { log, gaps } = await logOf({ items: items(36, 37), rev: 190, newer: true });
  fetch = async () => new Response(page({ items: items(184, 185), rev: 185 }));
  await log.showLatest();
  assert.deepEqual(gaps, [185]);
  log.applyRange({ from: 185, to: 190, items: [{ rev: 190, html: message({ seq: 186, rev: 190 }) }] });
  assert.deepEqual(seqs(), [184, 185, 186]);
  assert.equal(log.rev, 190);
});

test('quotes follow the edit and the deletion of what they quote, on the page or not', async () => {
  const quoting = message({ seq: 9, quote: { seq: 1, text: 'my password is x' } });
  const { log } = await logOf({ items: [quoting], rev: 9, older: true });
  const quote = () => document.querySelector('.quote > span');
  log.apply({ rev: 10, html: message({ seq: 1, rev: 10, text: 'nothing' }) });
  assert.equal(quote().textContent, 'nothing');
  log.applyRange({ from: 10, to: 11, items: [{ rev: 11, html: message({ seq: 1, rev: 11, deleted: true }) }] });
  assert.equal(quote().textContent, '');
  assert.equal(quote().dataset.t, 'deleted');
});

test('joins that follow each other are one line, which opens', async () => {
  const joins = [1, 2, 3, 4, 5].map((rev) => notice({ rev, after: 0 }));
  await logOf({ items: joins, rev: 5 });
  const [button] = document.querySelectorAll('.fold button');
  assert.equal(button.textContent, 'Joined: person 1, person 2, person 3, +2');
  assert.equal(document.querySelectorAll('.notice.folded').length, 5);
  button.click();
  assert.equal(document.querySelectorAll('.notice.folded').length, 0);
});

test('two joins and other notices are not folded', async () => {
  const notices = [notice({ rev: 1, after: 0 }), notice({ rev: 2, after: 0 }), notice({ rev: 3, after: 0, kind: 'renamed' })];
  await logOf({ items: notices, rev: 3 });
  assert.equal(document.querySelector('.fold'), null);
});
