// A message as one line, like the server renders it (views/excerpt.rs): its text, or its files. Texts other than the
// message's own come from the style sheet of the reader's language.

const QUOTE_CHARS = 160; // like the server (views/message.rs)

/**
 * Shows at most `chars` characters of the line in an element.
 * @param {HTMLElement} element
 * @param {Part} message
 * @param {number} chars
 */
export function showExcerpt(element, message, chars) {
  const { text = '', t, count } = excerptOf(message);
  const characters = Array.from(text);
  element.textContent = characters.length > chars ? `${characters.slice(0, chars).join('')}…` : text;
  delete element.dataset.t;
  delete element.dataset.count;
  if (t) element.dataset.t = t;
  if (count) element.dataset.count = String(count);
}

/**
 * Shows what a message says now in the messages that quote it.
 * @param {Part} list
 * @param {Part} message
 */
export function followQuotes(list, message) {
  for (const line of list.querySelectorAll(`.quote[data-quote="${message.dataset.seq}"] > span`)) {
    showExcerpt(line, message, QUOTE_CHARS);
  }
}

/**
 * The line as text, for use outside the page.
 * @param {Part} message
 * @param {number} chars
 */
export function excerptText(message, chars) {
  const line = document.createElement('span');
  line.className = 'visually-hidden';
  showExcerpt(line, message, chars);
  if (!line.dataset.t) return line.textContent;
  document.body.append(line);
  const words = getComputedStyle(line, '::before').content.slice(1, -1);
  line.remove();
  return words;
}

/**
 * @param {Part} message
 * @returns {{ text?: string, t?: string, count?: number }}
 */
function excerptOf(message) {
  if (message.matches('.deleted')) return { t: 'deleted' };
  const body = message.querySelector('.body');
  if (body) return { text: body.textContent.replace(/\s+/g, ' ').trim() };
  const photos = message.querySelectorAll('.files .picture').length;
  const files = message.querySelectorAll('.files .file');
  if (photos === 0 && files.length === 1) return { text: files[0].querySelector('.name').textContent };
  if (files.length > 0) return { t: 'files', count: photos + files.length };
  return photos === 1 ? { t: 'photo' } : { t: 'photos', count: photos };
}
