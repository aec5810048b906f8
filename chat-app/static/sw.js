// The service worker: shows push notifications, and opens their conversation on a click. Caches nothing and handles no fetches.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('push', (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

// The push service changed the endpoint: register it, or the next push is lost.
worker.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event)));

/** Each push shows a notification: Safari ends a subscription that does not. */
/** @param {{ title: string, body: string, url: string, tag: string, lang: string, dir: NotificationDirection, seq: number }} push */
async function show({ title, body, url, tag, lang, dir, seq }) {
  const pages = await worker.clients.matchAll({ type: 'window' });
  const onScreen = pages.some((page) => page.focused && new URL(page.url).pathname === url);
  const options = { body, tag, lang, dir, renotify: !onScreen, silent: onScreen, data: { url, seq } };
  await worker.registration.showNotification(title, options);
  if (!onScreen) return void (await worker.navigator.setAppBadge?.());
  for (const notification of await worker.registration.getNotifications({ tag })) notification.close();
}

/**
 * Focuses the page with this URL, navigates any other page to it, or opens a new one.
 * @param {string} url
 */
async function open(url) {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const there = pages.find((page) => new URL(page.url).pathname === url);
  if (there) return there.focus();
  const [page] = pages;
  if (!page) return worker.clients.openWindow(url);
  try {
    await page.focus();
    await page.navigate(url);
  } catch {
    await worker.clients.openWindow(url); // a page that this worker does not control can't be navigated
  }
}

/** @param {PushSubscriptionChangeEvent} event */
async function renew({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options ?? newSubscription?.options;
  const subscription = newSubscription ?? (options && (await worker.registration.pushManager.subscribe(options)));
  if (!subscription) return;
  const { endpoint = '', keys } = subscription.toJSON();
  await fetch('/notifications/subscription', { method: 'POST', body: new URLSearchParams({ endpoint, ...keys }) });
}
