// The rest of the list of conversations, part by part as its end comes near. Without this script its end is a link.

const NEAR = '400px';

export function continueList(list) {
  const link = document.querySelector('.list-end');
  const near = new IntersectionObserver(([end]) => end.isIntersecting && load(), {
    root: document.querySelector('.list'),
    rootMargin: NEAR,
  });
  near.observe(link);
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
      // Tells again where it is: the part may have been a short one.
      near.unobserve(link);
      near.observe(link);
      return added;
    } catch {
      // The link stays: whoever comes near it again, or follows it, tries again.
    } finally {
      loading = false;
    }
  }
}
