// A button on each code block, which copies it. Loaded with the first code block.

import { copyOf } from './arrange.js';
import { copy } from './menu.js';

/**
 * Adds the buttons that are missing.
 * @param {Part} list
 */
export function addCopyButtons(list) {
  for (const block of list.querySelectorAll('.body pre:not(:has(.copy-code))')) {
    const button = copyOf('#copy-code');
    button.addEventListener('click', () => copy(block.querySelector('code').textContent));
    block.append(button);
  }
}
