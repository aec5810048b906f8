// Long messages, code blocks, and texts near the limit.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, message, open, page, settled } from './page.mjs';

const LINE_PX = 24;

/** A log in which a body is as high as its number of lines. */
async function logOf(...items) {
  const window = open({ items, rev: items.length });
  globalThis.getComputedStyle = () => ({ lineHeight: `${LINE_PX}px` });
  Object.defineProperty(window.Element.prototype, 'scrollHeight', {
    configurable: true,
    get() {
      return LINE_PX * this.textContent.split('\n').length;
    },
  });
  const { Log } = await load('log.js');
  return new Log({ me: '1', rev: items.length, onGap: () => {}, onSeen: () => {} });
}

const lines = (count) => Array.from({ length: count }, (_, n) => `line ${n}`).join('\n');
const item = (seq) => document.querySelector(`#m${seq}`);
const unfold = (seq) => item(seq).querySelector('.unfold');

test('a message of more than 40 lines is cut, and its button shows the rest and hides it again', async () => {
  await logOf(message({ seq: 1, text: lines(40) }), message({ seq: 2, text: lines(41) }));
  assert.equal(unfold(1), null);
  assert.deepEqual([item(2).matches('.cut'), unfold(2).textContent], [true, 'Show more']);
  unfold(2).click();
  assert.deepEqual([item(2).matches('.cut'), unfold(2).textContent], [false, 'Show less']);
  unfold(2).click();
  assert.deepEqual([item(2).matches('.cut'), unfold(2).textContent], [true, 'Show more']);
});

test('a live message is cut too, and one that was opened stays open when it changes', async () => {
  const log = await logOf(message({ seq: 1 }));
  log.apply({ rev: 2, html: message({ seq: 2, text: lines(400) }) });
  assert.equal(item(2).matches('.cut'), true);
  unfold(2).click();
  log.apply({ rev: 3, html: message({ seq: 2, rev: 3, text: lines(401) }) });
  assert.deepEqual([item(2).matches('.cut'), unfold(2).textContent], [false, 'Show less']);
});

test('a link in the part that is cut off opens the message when the keyboard reaches it', async () => {
  await logOf(message({ seq: 1, text: `${lines(50)}<a href="/x">x</a>` }));
  const [body, link] = [item(1).querySelector('.body'), item(1).querySelector('.body a')];
  body.getBoundingClientRect = () => ({ top: 0, bottom: 400 });
  link.getBoundingClientRect = () => ({ top: 300, bottom: 320 });
  link.dispatchEvent(new Event('focusin', { bubbles: true }));
  assert.equal(item(1).matches('.cut'), true);
  link.getBoundingClientRect = () => ({ top: 1_180, bottom: 1_200 });
  link.dispatchEvent(new Event('focusin', { bubbles: true }));
  assert.equal(item(1).matches('.cut'), false);
});

test('each code block has one button, which copies the code and says so', async () => {
  const log = await logOf(message({ seq: 1, text: 'look:</p><pre><code>let a = 1;\n</code></pre><p>' }));
  await settled();
  log.arrange();
  await settled();
  const buttons = document.querySelectorAll('pre .copy-code');
  assert.equal(buttons.length, 1);
  let copied = '';
  globalThis.ClipboardItem = class {
    constructor(types) {
      Object.assign(this, types);
    }
  };
  Object.defineProperty(navigator, 'clipboard', {
    configurable: true,
    value: { write: async ([entry]) => (copied = await (await entry['text/plain']).text()) },
  });
  buttons[0].click();
  await settled();
  assert.equal(copied, 'let a = 1;\n');
  assert.equal(document.querySelector('#copied').textContent, 'Copied');
});

/** A composer with a text, whose limit is 2,000 characters. */
async function composing(text) {
  open();
  const { Composer } = await load('compose.js');
  const { watchLimit } = await load('limit.js');
  const form = document.querySelector('form');
  const field = form.querySelector('textarea');
  const composer = new Composer({ form, conversation: 7 });
  const type = (typed) => {
    field.value = typed;
    field.dispatchEvent(new Event('input'));
  };
  type(text);
  const files = [];
  watchLimit({ form, composer, attach: (file) => files.push(file) });
  const line = form.querySelector('.limit');
  const shown = () => (line.hidden ? '' : line.querySelector('.count').textContent);
  return { form, field, composer, files, line, shown, type };
}

test('the number of characters that are left is shown near the limit, and counts like the server', async () => {
  const { shown, type, form, composer } = await composing('x'.repeat(999));
  assert.equal(shown(), '');
  type('x'.repeat(1_000));
  assert.equal(shown(), 'Left: 1,000');
  type(`${'🎉'.repeat(2_000)}\n\n`);
  assert.deepEqual([shown(), composer.refusal], ['Left: 0', '']);
  assert.equal(form.querySelector('[type=submit]').ariaDisabled, 'false');
  type('🎉'.repeat(2_001));
  assert.deepEqual([shown(), composer.refusal], ['Over: 1', '2001 are too many.']);
  assert.equal(form.querySelector('[type=submit]').ariaDisabled, 'true');
});

test('screen readers hear the number once typing pauses', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { form, type } = await composing('x'.repeat(1_990));
  const heard = () => form.querySelector('.limit-status').textContent;
  t.mock.timers.tick(900);
  type('x'.repeat(1_995));
  t.mock.timers.tick(900);
  assert.equal(heard(), '');
  t.mock.timers.tick(200);
  assert.equal(heard(), 'Left: 5');
});

test('a text that is too long becomes a file, and the reply stays', async () => {
  const { form, field, composer, files, line, shown } = await composing('y'.repeat(2_001));
  fetch = async () => new Response(page({ items: [], rev: 0 }));
  composer.restore({ body: '', reply: 3 });
  line.querySelector('.as-file').click();
  assert.deepEqual([files[0].name, files[0].type, await files[0].text()], ['message.txt', 'text/plain', 'y'.repeat(2_001)]);
  assert.deepEqual([field.value, form.elements.reply_to.value, shown()], ['', '3', '']);
});

test('a text of several lines makes the composer tall, until it is sent', async () => {
  const window = open();
  globalThis.getComputedStyle = () => ({ lineHeight: `${LINE_PX}px` });
  const padding = 20;
  Object.defineProperty(window.Element.prototype, 'scrollHeight', {
    configurable: true,
    get() {
      return padding + LINE_PX * this.value.split('\n').length;
    },
  });
  const { Composer } = await load('compose.js');
  const form = document.querySelector('form');
  const composer = new Composer({ form, conversation: 7 });
  const isTall = (text) => {
    form.querySelector('textarea').value = text;
    form.querySelector('textarea').dispatchEvent(new Event('input'));
    return form.matches('.tall');
  };
  assert.deepEqual([isTall('one'), isTall('one\ntwo'), isTall('one')], [false, true, true]);
  composer.take();
  assert.equal(form.matches('.tall'), false);
});
