// Searches for messages and people while the person types. Loaded by pages with a search field.

import { showRecent } from './time.js';

const SEARCH_DELAY_MS = 200;

/** @param {Part} form */
export function searchWhileTyping(form) {
  let timer = 0;
  /** @type {AbortController | null} */
  let latest = null;
  const { q } = form.elements;
  const address = form.getAttribute('action');
  const showTimes = () => document.querySelectorAll('#results time').forEach(showRecent);
  showTimes();
  q.setSelectionRange(q.value.length, q.value.length);
  q.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      latest?.abort();
      latest = new AbortController();
      const fields = new FormData(/** @type {any} */ (form));
      const query = `${address}?${new URLSearchParams(/** @type {any} */ (fields))}`;
      try {
        const response = await fetch(query, { signal: latest.signal });
        if (!response.ok) return;
        const found = new DOMParser().parseFromString(await response.text(), 'text/html');
        document.querySelector('#results').replaceWith(found.querySelector('#results'));
        history.replaceState(null, '', query);
        showTimes();
      } catch {
        // Aborted by a newer search, or offline: the form still works.
      }
    }, SEARCH_DELAY_MS);
  });
}
