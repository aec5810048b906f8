// History that is not loaded yet: fetched when its end comes near, or at a click.

/** Loads what is older and what is newer as the reader comes near; `onLoaded` puts days and turns right. */
export function watchEnds({ list, region, scroller, onLoaded }) {
  const place = { list, region, scroller, onLoaded };
  watch('.older', place, (items) => list.prepend(...items));
  watch('.newer', place, (items) => list.append(...items));
}

function watch(selector, place, put) {
  const link = document.querySelector(selector);
  if (!link) return;
  let loading = false;
  const load = async () => {
    if (loading) return;
    loading = true;
    link.classList.add('loading');
    const loaded = await fetchPage(selector, link, place, put);
    link.classList.remove('loading');
    loading = false;
    if (!loaded) return; // the link stays: a click tries again
    observer.unobserve(link);
    if (link.isConnected) observer.observe(link);
  };
  link.addEventListener('click', (event) => {
    event.preventDefault();
    load();
  });
  const margin = { root: place.scroller, rootMargin: '600px 0px' };
  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && load(), margin);
  observer.observe(link);
}

async function fetchPage(selector, link, { list, region, scroller, onLoaded }, put) {
  let page;
  try {
    const response = await fetch(link.href);
    if (!response.ok) return false;
    page = new DOMParser().parseFromString(await response.text(), 'text/html');
  } catch {
    return false;
  }
  const items = Array.from(page.querySelectorAll('.messages > .message, .messages > .notice')).filter(
    ({ id, dataset }) => !(id ? list.querySelector(`#${id}`) : list.querySelector(`.notice[data-rev="${dataset.rev}"]`)),
  );
  region.ariaLive = 'off'; // history is not news
  const fromEnd = scroller.scrollHeight + scroller.scrollTop;
  put(items);
  const next = page.querySelector(selector);
  if (next && items.length > 0) link.href = next.getAttribute('href');
  else leaveEnd(link);
  onLoaded();
  // What comes in below would push what is read away: the column counts from its end.
  if (selector === '.newer') scroller.scrollTop = fromEnd - scroller.scrollHeight;
  requestAnimationFrame(() => (region.ariaLive = 'polite'));
  return true;
}

function leaveEnd(link) {
  if (link.matches('.newer')) document.querySelector('.track > .latest')?.remove();
  link.remove();
}
