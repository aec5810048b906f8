// Where a conversation opens: at the message that the address names, at the first unread one, or at its end.

/**
 * Scrolls there. Returns whether newer messages are out of view.
 * @param {Part} list
 * @param {Part} scroller
 */
export function arrive(list, scroller) {
  if (scrollToAddressed() || location.hash) return false;
  const line = list.querySelector('.new-since');
  const isAbove = line && line.getBoundingClientRect().top < scroller.getBoundingClientRect().top;
  if (isAbove) line.scrollIntoView({ block: 'start' });
  return Boolean(isAbove);
}

/** After a login the address has lost its fragment. */
function scrollToAddressed() {
  const seq = new URLSearchParams(location.search).get('at');
  const item = seq && !location.hash ? document.getElementById(`m${seq}`) : null;
  item?.scrollIntoView({ block: 'center' });
  item?.classList.add('shown');
  return Boolean(item);
}
