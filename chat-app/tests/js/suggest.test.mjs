// Suggestions: what Enter does while they are open.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, open, settled } from './page.mjs';

const EMOJI = [['👌', ['ok_hand']], ['🆗', ['ok']], ['🎉', ['tada']]];
const PEOPLE = [{ name: 'chatquinn', display_name: 'Quinn Ray' }];

/** Types a text with suggestions; returns a function that presses a key, which returns whether the suggestions took it. */
async function typing(text) {
  open();
  fetch = async (address) => Response.json(String(address).includes('/members') ? PEOPLE : EMOJI);
  const field = document.querySelector('textarea');
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  const { suggest } = await load('suggest.js');
  suggest({ text: field, conversation: 7 });
  await settled();
  const press = (key) => {
    const event = new KeyboardEvent('keydown', { key, cancelable: true });
    field.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { field, press };
}

for (const text of ['see :ok', 'lunch @', 'see :ok_hand', 'ask @chatquinn']) {
  test(`Enter after “${text}” sends it`, async () => {
    const { field, press } = await typing(text);
    assert.equal(document.querySelector('#suggestions').hidden, false);
    assert.equal(press('Enter'), false);
    assert.equal(field.value, text);
  });
}

for (const [text, completed] of [['see :tad', 'see 🎉 '], ['ask @chatq', 'ask @chatquinn '], ['ask @Ray', 'ask @chatquinn ']]) {
  test(`Enter after “${text}” completes it`, async () => {
    const { field, press } = await typing(text);
    assert.equal(press('Enter'), true);
    assert.equal(field.value, completed);
  });
}

test('Enter takes a suggestion that was moved to', async () => {
  const { field, press } = await typing('see :ok');
  press('ArrowDown');
  assert.equal(press('Enter'), true);
  assert.equal(field.value, 'see 🆗 ');
});

test('Enter elsewhere in the text takes no suggestion', async () => {
  const { field, press } = await typing('hi @chatq');
  field.setSelectionRange(0, 0);
  assert.equal(press('Enter'), false);
  assert.equal(field.value, 'hi @chatq');
});
