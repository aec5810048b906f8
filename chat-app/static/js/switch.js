// The dialog that leads to a conversation or a person. Loaded when it is opened first.

import { isComposing } from './keys.js';

const SEARCH_DELAY_MS = 120;

export function openSwitcher() {
  const dialog = document.querySelector('#switch');
  const [input, results] = [dialog.querySelector('input'), dialog.querySelector('.results')];
  let timer = 0;
  /** @type {AbortController | null} */
  let latest = null;
  const choices = () => Array.from(results.querySelectorAll('a, button'));
  const focused = () => choices().indexOf(/** @type {Part} */ (document.activeElement));
  /** @param {string} html */
  const show = (html) => {
    const at = focused();
    results.innerHTML = html;
    // Keep the focus on the same result number.
    if (at >= 0) (choices()[at] ?? input).focus();
  };
  const search = async () => {
    latest?.abort();
    latest = new AbortController();
    try {
      const response = await fetch(`/switch?${new URLSearchParams({ q: input.value })}`, { signal: latest.signal });
      if (response.ok) show(await response.text());
    } catch {
      // Aborted by a newer search, or offline: keep the results.
    }
  };
  input.value = '';
  input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_DELAY_MS);
  };
  dialog.onkeydown = (event) => {
    if (isComposing(event)) return;
    const all = choices();
    const at = focused();
    if (event.key === 'ArrowDown') all[at + 1]?.focus();
    else if (event.key === 'ArrowUp') (at > 0 ? all[at - 1] : input).focus();
    else if (event.key === 'Enter' && at < 0) all[0]?.click();
    else return;
    event.preventDefault();
  };
  if (!dialog.open) dialog.showModal();
  search();
}
