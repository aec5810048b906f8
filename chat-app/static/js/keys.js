// Keyboard shortcuts on all pages, and the dialogs they open.

/**
 * Whether a key belongs to an input method. Safari reports it only by the key code.
 * @param {KeyboardEvent} event
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/**
 * `actions` are the page's own: {editLast, next, previous}.
 * @param {{ editLast: () => void, next: () => string | undefined, previous: () => string | undefined }} actions
 */
export function prepareKeys(actions) {
  addEventListener('keydown', (event) => {
    if (isComposing(event) || event.defaultPrevented) return;
    const typing = event.target.matches('input, textarea, select');
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      import('./switch.js').then((module) => module.openSwitcher());
    } else if (event.key === '?' && !typing) {
      document.querySelector('#keys').showModal();
    } else if (event.key === 'ArrowUp' && event.target.matches('.composer textarea') && !event.target.value) {
      event.preventDefault();
      actions.editLast?.();
    } else if (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const href = event.key === 'ArrowDown' ? actions.next() : actions.previous();
      if (href) location.assign(href);
    }
  });
}
