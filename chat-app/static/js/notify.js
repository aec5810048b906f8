// Notifications: shown by a page in the background, or pushed to the device. Loaded with the first message, and by the
// settings page. Asks for permission only after a person has clicked a button.

import { parse, senderOf } from './arrange.js';
import { excerptText } from './excerpt.js';

const REGISTERED = 'confab-notified'; // the push key with which this device is registered in this session; removed at the next login
const VISIBLE = 'confab-visible'; // a lock that all pages in the foreground share
const LEADER = 'confab-leader'; // a lock that only one page has, which shows the notifications
const READ_DELAY_MS = 1_500; // no notification if the message is read within this time
const SHOWN_CHARS = 300;
const SETTINGS_TTL_MS = 10 * 60_000;
const me = document.body.dataset.me;
const CHOICE = `confab-notify-${me}`; // 'on', 'off', 'later': this person's choice on this device

export const supported = 'Notification' in window && 'serviceWorker' in navigator && 'locks' in navigator;

let isLeader = false;
/** @typedef {{ key: string | null, quiet: [number, number, string] | null, at: number }} Settings */

/** @type {Settings | null} */
let settings = null;

/** @param {MessageFrame} frame */
export async function message({ conversation, seq, sender, html, mentions }) {
  if (!supported || String(sender) === me) return;
  if (Notification.permission === 'default') return offer();
  if (Notification.permission !== 'granted' || localStorage.getItem(CHOICE) !== 'on') return;
  await new Promise((settled) => setTimeout(settled, READ_DELAY_MS));
  const item = itemOf(conversation);
  if (!item || Number(item.dataset.lastRead) >= seq || !isWanted(item.dataset, mentions)) return;
  if (!isLeader || (await isAnyPageVisible()) || (await isPushed()) || (await isQuiet())) return;
  show(item, parse(html), { conversation, seq, renotify: true });
}

/**
 * A message was edited or deleted: the notification that shows it follows.
 * @param {MessageFrame} frame
 */
export async function changed({ conversation, seq, html }) {
  const shown = (await notifications(tagOf(conversation))).find(({ data }) => data.seq === seq);
  const item = itemOf(conversation);
  if (!shown || !item) return;
  const message = parse(html);
  if (message.matches('.deleted')) shown.close();
  else show(item, message, { conversation, seq, renotify: false });
}

/** Closes the notifications of conversations that were read meanwhile, here or on another device. */
export async function closeRead() {
  for (const notification of await notifications()) {
    const item = itemOf(notification.tag.slice(2));
    if (item && Number(item.dataset.lastRead) >= Number(item.dataset.lastSeq)) notification.close();
  }
}

/**
 * By the conversation's level. In a direct conversation every message counts as a mention.
 * @param {DOMStringMap} item
 * @param {number[]} mentions
 */
function isWanted({ level = 'all', kind = 'direct' }, mentions = []) {
  return level === 'all' || (level === 'mentions' && (kind === 'direct' || mentions.map(String).includes(String(me))));
}

/** @param {number} conversation */
const tagOf = (conversation) => `c-${conversation}`;

/**
 * @param {number | string} conversation
 * @returns {Part | null}
 */
const itemOf = (conversation) => document.querySelector(`.conversations [data-conversation="${conversation}"]`);

/**
 * The notifications on screen: of conversations, or of one of them.
 * @param {string} tag
 */
async function notifications(tag = '') {
  if (!supported) return [];
  const registration = await navigator.serviceWorker.getRegistration('/');
  return (await registration?.getNotifications(tag ? { tag } : {})) ?? [];
}

/**
 * @param {Part} item
 * @param {Part} message
 * @param {{ conversation: number, seq: number, renotify: boolean }} options
 */
async function show(item, message, { conversation, seq, renotify }) {
  const name = item.querySelector('.name').textContent.trim();
  const text = excerptText(message, SHOWN_CHARS);
  const body = (item.dataset.kind ?? 'direct') === 'direct' ? text : `${signedBy(message)}: ${text}`;
  const registration = await navigator.serviceWorker.getRegistration('/');
  // Pushes have the same tag, so a conversation has one notification: the newest.
  registration?.showNotification(name, {
    body, tag: tagOf(conversation), renotify, silent: !renotify, dir: document.dir === 'rtl' ? 'rtl' : 'ltr', lang: document.documentElement.lang,
    data: { url: `/c/${conversation}`, seq },
  });
}

/**
 * The sender's name, and for an integration that it is one, as in a push.
 * @param {Part} message
 */
function signedBy(message) {
  const app = getComputedStyle(document.documentElement).getPropertyValue('--t-app').replaceAll('"', '');
  return message.querySelector('.meta .app-label') ? `${senderOf(message)} (${app})` : senderOf(message);
}

async function isAnyPageVisible() {
  const { held = [] } = await navigator.locks.query();
  return held.some(({ name }) => name === VISIBLE);
}

/** If this device has Web Push, the push service notifies. */
async function isPushed() {
  const registration = await navigator.serviceWorker.getRegistration('/');
  return Boolean(await registration?.pushManager?.getSubscription());
}

async function isQuiet() {
  const { quiet } = await loadSettings();
  if (!quiet) return false;
  const [from, to, timeZone] = quiet;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const [hours, minutes] = clock.format(new Date()).split(':').map(Number);
  const now = hours * 60 + minutes;
  return from <= to ? now >= from && now < to : now >= from || now < to;
}

/**
 * The key to subscribe with and the quiet hours, cached for some minutes.
 * @returns {Promise<Settings>}
 */
async function loadSettings() {
  if (settings && Date.now() - settings.at < SETTINGS_TTL_MS) return settings;
  const response = await fetch('/notifications/settings', { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(`settings: ${response.status}`);
  const loaded = { ...(await response.json()), at: Date.now() };
  settings = loaded;
  return loaded;
}

/** 'on', 'off', 'denied' or 'unsupported'. */
export async function state() {
  if (!supported) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const on = Notification.permission === 'granted' && localStorage.getItem(CHOICE) === 'on';
  const { key } = await loadSettings();
  return on && (!key || (await isPushed())) ? 'on' : 'off';
}

/** Asks for permission, then subscribes if the chat has Web Push. */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== 'granted') return;
  const registration = await navigator.serviceWorker.register('/sw.js', { scope: '/' });
  const { key } = await loadSettings();
  if (key && registration.pushManager) await subscribe(await navigator.serviceWorker.ready, key);
  localStorage.setItem(CHOICE, 'on');
}

export async function turnOff() {
  localStorage.setItem(CHOICE, 'off');
  const registration = await navigator.serviceWorker.getRegistration('/');
  const subscription = await registration?.pushManager?.getSubscription();
  if (!subscription) return;
  await post('/notifications/subscription/remove', { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {string} key
 */
async function subscribe(registration, key) {
  const manager = registration.pushManager;
  let subscription = await manager.getSubscription();
  if (subscription && encoded(subscription.options.applicationServerKey) !== key) {
    await subscription.unsubscribe(); // the chat's key has changed
    subscription = null;
  }
  subscription ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  await post('/notifications/subscription', { endpoint: endpoint ?? '', ...keys });
}

/** @param {ArrayBuffer | null} key */
const encoded = (key) =>
  btoa(String.fromCharCode(...new Uint8Array(key ?? []))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/**
 * @param {string} address
 * @param {Record<string, string>} fields
 */
async function post(address, fields) {
  const headers = { Accept: 'application/json' };
  const response = await fetch(address, { method: 'POST', headers, body: new URLSearchParams(fields) });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
}

/** Shows the hint in the list, until the person has answered it. */
function offer() {
  const hint = document.querySelector('.notify-hint');
  if (!hint || hint.dataset.offered || localStorage.getItem(CHOICE)) return;
  hint.dataset.offered = 'true';
  const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: hint.dataset.style });
  style.addEventListener('load', () => (hint.hidden = false));
  document.head.append(style);
  hint.addEventListener('click', async ({ target }) => {
    const { act } = target.closest('button')?.dataset ?? {};
    if (!act) return;
    hint.hidden = true;
    localStorage.setItem(CHOICE, 'later');
    if (act === 'on') await turnOn().catch((error) => console.warn('Confab: notifications were not turned on', error));
  });
}

/**
 * The settings page: the switch of this device, and the browser's time zone if none is set.
 * @param {Part} page
 */
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
      if ((await state()) === act) return location.reload(); // to update the list of devices
    } catch (error) {
      console.warn('Confab: notifications could not be switched', error);
      failed.hidden = false;
    }
    await show();
  });
  show();
}

/** Registers the device again, once per session: its session or the chat's key may have changed. */
async function refresh() {
  if (Notification.permission !== 'granted' || localStorage.getItem(CHOICE) !== 'on') return;
  const { key } = await loadSettings();
  const registration = await navigator.serviceWorker.getRegistration('/');
  if (key && registration?.pushManager && sessionStorage.getItem(REGISTERED) !== key) {
    await subscribe(registration, key);
    sessionStorage.setItem(REGISTERED, key);
  }
}

/** Holds VISIBLE while this page is in the foreground, and LEADER, once it is free, until the page is closed. */
function holdLocks() {
  /** @type {((gone: unknown) => void) | null} */
  let leave = null;
  const visible = () => {
    if (document.hidden) {
      leave?.(null);
      leave = null;
      return;
    }
    if (leave) return;
    navigator.locks.request(VISIBLE, { mode: 'shared' }, () => new Promise((gone) => (leave = gone)));
  };
  document.addEventListener('visibilitychange', visible);
  visible();
  navigator.locks.request(LEADER, () => {
    isLeader = true;
    return new Promise(() => {});
  });
}

if (supported && me) {
  holdLocks();
  refresh().catch((error) => console.warn('Confab: this device could not be registered again', error));
}
