// The service worker: shows pushes and opens what they are about. Keeps nothing and answers no page's requests.

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

// The push service gave the browser another address: tell the server, or the next push finds nobody.
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));

async function show({ title, body, url, tag, lang, dir }) {
  const pages = await self.clients.matchAll({ type: 'window' });
  // Whoever has it on screen sees it there.
  if (pages.some((page) => page.focused && new URL(page.url).pathname === url)) return;
  await self.registration.showNotification(title, { body, tag, lang, dir, renotify: true, data: { url } });
  await self.navigator.setAppBadge?.();
}

/** The page that has it, or any page of ours, or a new one. */
async function open(url) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const there = pages.find((page) => new URL(page.url).pathname === url);
  if (there) return there.focus();
  const [page] = pages;
  if (!page) return self.clients.openWindow(url);
  try {
    await page.focus();
    await page.navigate(url);
  } catch {
    await self.clients.openWindow(url); // a page that this worker does not control can't be led anywhere
  }
}

async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options ?? newSubscription?.options;
  const subscription = newSubscription ?? (options && (await self.registration.pushManager.subscribe(options)));
  if (!subscription) return;
  const { endpoint, keys } = subscription.toJSON();
  await fetch('/notifications/subscription', { method: 'POST', body: new URLSearchParams({ endpoint, ...keys }) });
}
