// The emoji picker: groups, recent emoji, search and keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, open, settled } from './page.mjs';

const EMOJI = [['😀', ['grinning'], 0], ['🙂', ['slightly_smiling_face'], 0], ['👋', ['wave'], 1], ['🎉', ['tada'], 1]];

/** Opens the picker; `picked` resolves to the emoji. */
async function picker({ recent } = {}) {
  const window = open({ storage: recent ? { 'emoji:1': JSON.stringify(recent) } : undefined });
  fetch = async () => Response.json(EMOJI);
  const { pickEmoji } = await load('emoji.js');
  const picked = pickEmoji();
  await settled();
  const dialog = document.querySelector('#emoji');
  const choices = () => Array.from(dialog.querySelectorAll('.grid button'), ({ value }) => value);
  const titles = () => Array.from(dialog.querySelectorAll('h3'), ({ textContent }) => textContent);
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  const type = async (text) => {
    const field = dialog.querySelector('input');
    field.value = text;
    field.oninput();
    await settled();
  };
  return { window, dialog, picked, choices, titles, press, type };
}

test('emoji are in groups, and the recent ones are first', async () => {
  const { choices, titles } = await picker({ recent: ['🎉', 'gone'] });
  assert.deepEqual(titles(), ['Recent', 'Smileys', 'People']);
  assert.deepEqual(choices(), ['🎉', '😀', '🙂', '👋', '🎉']);
});

test('a chosen emoji is the most recent one, once, also next time', async () => {
  const { window, dialog, picked, titles } = await picker({ recent: ['🎉', '👋'] });
  assert.equal(titles()[0], 'Recent');
  dialog.querySelector('.grid button[value="👋"]').click();
  assert.equal(await picked, '👋');
  assert.deepEqual(JSON.parse(window.localStorage.getItem('emoji:1')), ['👋', '🎉']);
});

test('a word finds names, and Enter takes the first', async () => {
  const { dialog, picked, choices, titles, press, type } = await picker();
  await type('smil');
  assert.deepEqual([choices(), titles()], [['🙂'], []]);
  await type('Slightly smiling');
  assert.deepEqual(choices(), ['🙂']);
  dialog.querySelector('input').focus();
  press('Enter');
  assert.equal(await picked, '🙂');
});

test('arrow keys move through the emoji, and one of them is in the order of the Tab key', async () => {
  const { dialog, press } = await picker();
  dialog.querySelector('input').focus();
  press('ArrowDown');
  assert.equal(document.activeElement.value, '😀');
  press('ArrowRight');
  assert.equal(document.activeElement.value, '🙂');
  const inOrder = Array.from(dialog.querySelectorAll('.grid button')).filter(({ tabIndex }) => tabIndex === 0);
  assert.deepEqual(inOrder.map(({ value }) => value), ['🙂']);
  press('ArrowLeft');
  assert.equal(document.activeElement.value, '😀');
});

test('down and up lead to the emoji in the next row, and from the first row to the search field', async () => {
  const { dialog, press } = await picker();
  const boxes = { '😀': [0, 0], '🙂': [40, 0], '👋': [0, 60], '🎉': [40, 60] };
  for (const button of dialog.querySelectorAll('.grid button')) {
    const [left, top] = boxes[button.value];
    button.getBoundingClientRect = () => ({ left, top });
  }
  dialog.querySelector('.grid button[value="🙂"]').focus();
  press('ArrowDown');
  assert.equal(document.activeElement.value, '🎉');
  press('ArrowUp');
  assert.equal(document.activeElement.value, '🙂');
  press('ArrowUp');
  assert.equal(document.activeElement.tagName, 'INPUT');
});
