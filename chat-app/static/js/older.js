// Loads the rest of the conversation list when the person scrolls near its end. Without this script it is a link.

const MARGIN = '400px';

/** @param {import('./list.js').List} list */
export function continueList(list) {
  const link = document.querySelector('.list-end');
  const observer = new IntersectionObserver(([end]) => end.isIntersecting && load(), {
    root: document.querySelector('.list'),
    rootMargin: MARGIN,
  });
  observer.observe(link);
  link.addEventListener('click', async (event) => {
    event.preventDefault();
    const [first] = (await load()) ?? [];
    first?.querySelector('a').focus();
  });

  let loading = false;
  async function load() {
    if (loading) return;
    loading = true;
    try {
      const response = await fetch(link.href);
      if (!response.ok) return;
      const page = new DOMParser().parseFromString(await response.text(), 'text/html');
      const added = list.add(page.querySelectorAll('.conversation'));
      const next = page.querySelector('.list-end');
      if (!next) return void link.remove();
      link.href = next.href;
      // Observe again: after a short page the link may still be in view.
      observer.unobserve(link);
      observer.observe(link);
      return added;
    } catch {
      // Keep the link: scrolling near it or clicking it retries.
    } finally {
      loading = false;
    }
  }
}
