// History that is not loaded yet: fetched when the reader scrolls near its end, or clicks the link.

/** Loads older and newer messages when the reader scrolls near them; `onLoaded` updates the separators. */
export function watchEnds({ list, region, scroller, onLoaded }) {
  const view = { list, region, scroller, onLoaded };
  watch('.older', view, (items) => list.prepend(...items));
  watch('.newer', view, (items) => list.append(...items));
}

function watch(selector, view, put) {
  const link = document.querySelector(selector);
  if (!link) return;
  let loading = false;
  const load = async () => {
    if (loading) return;
    loading = true;
    link.classList.add('loading');
    const loaded = await fetchPage(selector, link, view, put);
    link.classList.remove('loading');
    loading = false;
    if (!loaded) return; // keep the link: a click retries
    observer.unobserve(link);
    if (link.isConnected) observer.observe(link);
  };
  link.addEventListener('click', (event) => {
    event.preventDefault();
    load();
  });
  const margin = { root: view.scroller, rootMargin: '600px 0px' };
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
  region.ariaLive = 'off'; // screen readers should not read history aloud
  const fromEnd = scroller.scrollHeight + scroller.scrollTop;
  put(items);
  const next = page.querySelector(selector);
  if (next && items.length > 0) link.href = next.getAttribute('href');
  else removeLinks(link);
  onLoaded();
  // The column counts from its end, so items added below would move what the person is reading.
  if (selector === '.newer') scroller.scrollTop = fromEnd - scroller.scrollHeight;
  requestAnimationFrame(() => (region.ariaLive = 'polite'));
  return true;
}

function removeLinks(link) {
  if (link.matches('.newer')) document.querySelector('.track > .latest')?.remove();
  link.remove();
}
