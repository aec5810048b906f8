// Files for the composer, taken by button, drop or paste. Loaded after the page.

import { Tray } from './tray.js';

/**
 * Makes `form` accept files. Calls `onChange` whenever a file is added, uploaded or removed. Returns the tray, or null if files
 * can't be sent.
 * @param {Part} form
 * @param {{ conversation: number, onChange: () => void }} options
 */
export function prepareAttachments(form, { conversation, onChange = () => {} }) {
  const label = form.querySelector('.attach');
  if (!label) return null;
  const tray = new Tray(form, conversation, onChange);
  const input = label.querySelector('input');
  label.hidden = false;
  input.addEventListener('change', () => {
    tray.add(input.files ?? []);
    input.value = '';
  });
  acceptPaste(form, tray);
  acceptDrop(form, tray);
  tray.load();
  return tray;
}

/**
 * Accepts files from the clipboard, unless it also has text, which some programs put beside an image.
 * @param {Part} form
 * @param {Tray} tray
 */
function acceptPaste(form, tray) {
  form.addEventListener('paste', (event) => {
    const data = event.clipboardData;
    if (!data || data.files.length === 0 || data.types.includes('text/plain')) return;
    event.preventDefault();
    tray.add(data.files);
  });
}

/**
 * @param {Part} form
 * @param {Tray} tray
 */
function acceptDrop(form, tray) {
  const pane = form.closest('.pane');
  const place = form.querySelector('.drop');
  /** @param {DragEvent} event */
  const holdsFiles = (event) => event.dataTransfer?.types.includes('Files');
  for (const type of /** @type {const} */ (['dragenter', 'dragover'])) {
    pane.addEventListener(type, (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      place.hidden = false;
    });
  }
  pane.addEventListener('dragleave', (event) => {
    if (!pane.contains(/** @type {Node | null} */ (event.relatedTarget))) place.hidden = true;
  });
  pane.addEventListener('drop', (event) => {
    place.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    tray.add(event.dataTransfer?.files ?? []);
    form.elements.body.focus();
  });
}
