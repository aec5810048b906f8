// Near the limit of a message: how many characters are left. A longer text can't be sent, but be turned into a file. Loaded when a
// text gets long.

import { charactersOf, NEAR_LIMIT } from './compose.js';

const PAUSE_MS = 1_000; // screen readers hear the number when the person stops typing
const NUMBER = '\u0002'; // a placeholder in the page's texts

/**
 * @param {object} options
 * @param {Part} options.form
 * @param {import('./compose.js').Composer} options.composer
 * @param {(file: File) => void} options.attach
 */
export function watchLimit({ form, composer, attach }) {
  const text = form.elements.body;
  const [line, status] = [form.querySelector('.limit'), form.querySelector('.limit-status')];
  const asFile = line.querySelector('.as-file');
  const send = form.querySelector('[type=submit]');
  const number = new Intl.NumberFormat(document.documentElement.lang);
  let timer = 0;

  const show = () => {
    const left = Number(text.dataset.maxCharacters) - charactersOf(text.value);
    const sentence = line.dataset[left < 0 ? 'over' : 'left'].replace(NUMBER, number.format(Math.abs(left)));
    line.hidden = left > NEAR_LIMIT;
    line.classList.toggle('over', left < 0);
    line.querySelector('.count').textContent = sentence;
    send.ariaDisabled = String(left < 0);
    if (asFile) asFile.hidden = left >= 0 || composer.editing !== null;
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = line.hidden ? '' : sentence), PAUSE_MS);
  };
  asFile?.addEventListener('click', () => {
    const { body, reply } = composer.take();
    attach(new File([body], 'message.txt', { type: 'text/plain' }));
    composer.restore({ body: '', reply });
    composer.showError('');
    composer.focus();
  });
  text.addEventListener('input', show);
  show();
}
