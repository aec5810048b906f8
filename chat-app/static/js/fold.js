// Folds long messages: a button shows the rest, and hides it again. Without this script they are whole.

const MAX_LINES = 40; // a longer message is folded
const opened = new Set(); // the client ids of the messages that the person has opened
const measured = new WeakSet();

/**
 * Folds the messages that have not been measured yet.
 * @param {Part} list
 */
export function foldLong(list) {
  const bodies = Array.from(list.querySelectorAll('.message > .body')).filter((body) => !measured.has(body));
  // All are measured before one is folded, so that the browser lays the page out once.
  const long = bodies.filter((body) => body.scrollHeight > MAX_LINES * Number.parseFloat(getComputedStyle(body).lineHeight));
  for (const body of bodies) measured.add(body);
  for (const body of long) fold(body, list.dataset);
}

/**
 * @param {Part} body
 * @param {Record<string, any>} texts
 */
function fold(body, { showMore, showLess }) {
  const item = body.closest('.message');
  const { clientId } = item.dataset;
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'quiet unfold' });
  button.dataset.testid = 'unfold';
  /** @param {boolean} isOpen */
  const show = (isOpen) => {
    item.classList.toggle('cut', !isOpen);
    button.textContent = isOpen ? showLess : showMore;
    if (isOpen) opened.add(clientId);
    else opened.delete(clientId);
  };
  show(opened.has(clientId));
  button.addEventListener('click', () => keepPlace(item, show));
  // The keyboard has reached a link in the part that is cut off.
  body.addEventListener('focusin', ({ target }) => {
    if (target.getBoundingClientRect().bottom > body.getBoundingClientRect().bottom) keepPlace(item, show);
  });
  body.after(button);
}

/**
 * The column of messages counts from its end, so a message that changes its height would move away. Its beginning stays where it
 * is; that of a message which is folded again comes into view.
 * @param {Part} item
 * @param {(isOpen: boolean) => void} show
 */
function keepPlace(item, show) {
  const scroller = item.closest('.scroller');
  const isOpen = item.matches('.cut');
  const before = item.getBoundingClientRect().top;
  show(isOpen);
  const wanted = isOpen ? before : Math.max(before, scroller.getBoundingClientRect().top);
  scroller.scrollTop += item.getBoundingClientRect().top - wanted;
}
