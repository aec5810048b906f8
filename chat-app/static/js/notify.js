// Notifications: shown by a page in the background, or pushed to the device. Loaded when the first message comes, and by the
// page of settings. Nobody is asked for permission but by a button of theirs.

import { parse, senderOf } from './arrange.js';
import { excerptText } from './excerpt.js';

const REFRESHED = 'confab-notified'; // the key that this device was registered with in this session; gone at the next login
const VISIBLE = 'confab-visible'; // a lock that every page in the foreground shares
const SPEAKER = 'confab-speaker'; // a lock that one page has: it alone shows notifications
const SETTLE_MS = 1_500; // who reads at once, here or elsewhere, is not told
const SHOWN_CHARS = 300;
const SETTINGS_MS = 10 * 60_000;
const me = document.body.dataset.me;
const WANTED = `confab-notify-${me}`; // 'on', 'off', 'later': what this person told this device

export const supported = 'Notification' in window && 'serviceWorker' in navigator && 'locks' in navigator;

let speaking = false;
let settings = null;

/** A message came to this page. */
export async function message({ conversation, seq, sender, html, mentions }) {
  if (!supported || String(sender) === me) return;
  if (Notification.permission === 'default') return offer();
  if (Notification.permission !== 'granted' || localStorage.getItem(WANTED) !== 'on') return;
  await new Promise((settled) => setTimeout(settled, SETTLE_MS));
  const item = document.querySelector(`.conversations [data-conversation="${conversation}"]`);
  if (!item || Number(item.dataset.lastRead) >= seq || !wants(item.dataset, mentions)) return;
  if (!speaking || (await somebodyLooks()) || (await isPushed()) || (await isQuiet())) return;
  show(item, parse(html), conversation);
}

/** By the conversation's level; between two people every message is to oneself. */
function wants({ level = 'all', kind = 'direct' }, mentions = []) {
  return level === 'all' || (level === 'mentions' && (kind === 'direct' || mentions.map(String).includes(me)));
}

async function show(item, message, conversation) {
  const name = item.querySelector('.name').textContent.trim();
  const words = excerptText(message, SHOWN_CHARS);
  const body = (item.dataset.kind ?? 'direct') === 'direct' ? words : `${senderOf(message)}: ${words}`;
  const registration = await navigator.serviceWorker.getRegistration('/');
  // The same tag as a push of the conversation has: the newest replaces what is shown.
  registration?.showNotification(name, {
    body, tag: `c-${conversation}`, renotify: true, dir: document.dir || 'auto', lang: document.documentElement.lang,
    data: { url: `/c/${conversation}` },
  });
}

async function somebodyLooks() {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name === VISIBLE);
}

/** Where the device gets pushes, the push service tells. */
async function isPushed() {
  const registration = await navigator.serviceWorker.getRegistration('/');
  return Boolean(await registration?.pushManager?.getSubscription());
}

async function isQuiet() {
  const { quiet } = await known();
  if (!quiet) return false;
  const [from, to, timeZone] = quiet;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const [hours, minutes] = clock.format(new Date()).split(':').map(Number);
  const now = hours * 60 + minutes;
  return from <= to ? now >= from && now < to : now >= from || now < to;
}

/** The key to subscribe with and the quiet hours, asked now and then. */
async function known() {
  if (settings && Date.now() - settings.at < SETTINGS_MS) return settings;
  const response = await fetch('/notifications/settings', { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`settings: ${response.status}`);
  settings = { ...(await response.json()), at: Date.now() };
  return settings;
}

/** 'on', 'off', 'denied' or 'unsupported'. */
export async function state() {
  if (!supported) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const on = Notification.permission === 'granted' && localStorage.getItem(WANTED) === 'on';
  const { key } = await known();
  return on && (!key || (await isPushed())) ? 'on' : 'off';
}

/** Asks the browser, which asks the person; then subscribes where there is Web Push. */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== 'granted') return;
  const registration = await navigator.serviceWorker.register('/sw.js', { scope: '/' });
  const { key } = await known();
  if (key && registration.pushManager) await subscribe(await navigator.serviceWorker.ready, key);
  localStorage.setItem(WANTED, 'on');
}

export async function turnOff() {
  localStorage.setItem(WANTED, 'off');
  const registration = await navigator.serviceWorker.getRegistration('/');
  const subscription = await registration?.pushManager?.getSubscription();
  if (!subscription) return;
  await post('/notifications/subscription/remove', { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

async function subscribe(registration, key) {
  const manager = registration.pushManager;
  let subscription = await manager.getSubscription();
  if (subscription && encoded(subscription.options.applicationServerKey) !== key) {
    await subscription.unsubscribe(); // the chat has another key now
    subscription = null;
  }
  subscription ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  await post('/notifications/subscription', { endpoint, ...keys });
}

const encoded = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

async function post(address, fields) {
  const headers = { Accept: 'application/json' };
  const response = await fetch(address, { method: 'POST', headers, body: new URLSearchParams(fields) });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
}

/** Shows the hint of the list, until it was answered once. */
function offer() {
  const hint = document.querySelector('.notify-hint');
  if (!hint || hint.dataset.offered || localStorage.getItem(WANTED)) return;
  hint.dataset.offered = 'true';
  const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: hint.dataset.style });
  style.addEventListener('load', () => (hint.hidden = false));
  document.head.append(style);
  hint.addEventListener('click', async ({ target }) => {
    const { act } = target.closest('button')?.dataset ?? {};
    if (!act) return;
    hint.hidden = true;
    localStorage.setItem(WANTED, 'later');
    if (act === 'on') await turnOn().catch((error) => console.warn('Confab: notifications were not turned on', error));
  });
}

/** What the page of settings has: this device's switch, and the browser's zone where there is none yet. */
export function startSettings(page) {
  const { zone } = page.querySelector('.hours').elements;
  zone.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';
  const device = page.querySelector('.this-device');
  const failed = device.querySelector('.when-failed');
  const show = async () => {
    device.dataset.state = await state().catch(() => 'off');
    device.hidden = false;
  };
  device.addEventListener('click', async ({ target }) => {
    const { act } = target.closest('button')?.dataset ?? {};
    if (!act) return;
    failed.hidden = true;
    try {
      await (act === 'on' ? turnOn() : turnOff());
      if ((await state()) === act) return location.reload(); // with the list of devices as it is now
    } catch (error) {
      console.warn('Confab: notifications could not be switched', error);
      failed.hidden = false;
    }
    await show();
  });
  show();
}

/** Each visit tells the server anew where this device is: its session or the chat's key may be another than before. */
async function refresh() {
  if (Notification.permission !== 'granted' || localStorage.getItem(WANTED) !== 'on') return;
  const { key } = await known();
  const registration = await navigator.serviceWorker.getRegistration('/');
  if (key && registration?.pushManager && sessionStorage.getItem(REFRESHED) !== key) {
    await subscribe(registration, key);
    sessionStorage.setItem(REFRESHED, key);
  }
}

/** Holds one lock while this page is in the foreground, and the other from when it is free to the page's end. */
function takePart() {
  let leave = null;
  const visible = () => {
    if (document.hidden) return void (leave?.(), (leave = null));
    if (leave) return;
    navigator.locks.request(VISIBLE, { mode: 'shared' }, () => new Promise((gone) => (leave = gone)));
  };
  document.addEventListener('visibilitychange', visible);
  visible();
  navigator.locks.request(SPEAKER, () => {
    speaking = true;
    return new Promise(() => {});
  });
}

if (supported && me) {
  takePart();
  refresh().catch((error) => console.warn('Confab: this device could not be registered again', error));
}
