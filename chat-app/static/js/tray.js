// Files in the composer. Each is uploaded at once, and sent with the message. Storage has them until then, so that they outlive
// the page.

import { copyOf } from './arrange.js';
import { logInAgain } from './delivery.js';
import { all, put, remove } from './storage.js';

const STORE = 'files';
// The server deletes uploads that were not sent after a day.
const UPLOAD_LIFETIME_MS = 20 * 60 * 60_000;
// Notifies the other tabs of files that are gone.
const channel = new BroadcastChannel('confab-files');

const MAX_PARALLEL = 2;
// Statuses for which a retry is pointless: too large, not allowed, not readable.
const FINAL = [404, 413, 415, 422];
// A placeholder for the file's name in the page's texts.
const NAME = '\u0002';
const PREVIEW_PX = 80;

/** @typedef {Upload & { chip: Part, request: XMLHttpRequest | null, final: boolean, leftBehind: boolean }} Entry */

export class Tray {
  #form;
  #conversation;
  #onChange;
  #list;
  /** @type {Entry[]} */
  #entries = [];

  /**
   * @param {Part} form
   * @param {number} conversation
   * @param {() => void} onChange
   */
  constructor(form, conversation, onChange) {
    this.#form = form;
    this.#conversation = conversation;
    this.#onChange = onChange;
    this.#list = form.querySelector('.chips');
    channel.addEventListener('message', ({ data }) => this.#forget(data));
  }

  /**
   * Whether the message can be sent: every file is uploaded, or can't be sent at all. A message whose only files can't be sent
   * waits until they are removed.
   */
  isReady() {
    const entries = this.#entries.filter(({ leftBehind }) => !leftBehind);
    return entries.every(({ upload, final }) => upload || final) && (entries.length === 0 || this.hasReady());
  }

  hasReady() {
    return this.#entries.some(({ upload }) => upload);
  }

  isBusy() {
    return this.#entries.some(({ chip }) => ['waiting', 'uploading'].includes(chip.dataset.state));
  }

  /** Focuses the first file whose upload failed. */
  focusFailed() {
    this.#entries.find(({ chip }) => chip.dataset.state === 'failed')?.chip.querySelector('.remove').focus();
  }

  /** Takes the uploaded files out, to send them. Those that can't be sent stay, with the reason. */
  take() {
    const taken = this.#entries.filter(({ upload }) => upload);
    for (const entry of taken) this.#drop(entry);
    for (const entry of this.#entries) entry.leftBehind = true;
    this.#onChange();
    return taken.map(({ key, file, name, upload, bytes, at }) => ({ key, file, name, upload, bytes, at }));
  }

  /**
   * Puts back the files of a message that could not be sent.
   * @param {Upload[]} files
   */
  restore(files) {
    for (const file of files) this.#show(file);
    this.#pump();
    this.#onChange();
  }

  /** Shows the files that an earlier page had. */
  async load() {
    const files = await all(STORE);
    const here = files.filter(({ id, conversation }) => conversation === this.#conversation && !this.#find(id));
    this.restore(here.map(({ id, file, name, upload, bytes, at }) => ({ key: id, file, name, upload, bytes, at })));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) {
      this.#show({ key: crypto.getRandomValues(new Uint32Array(4)).join('-'), file, name: file.name, upload: null, bytes: file.size, at: Date.now() });
    }
    this.#pump();
    this.#onChange();
  }

  /** @param {Upload} upload */
  #show(upload) {
    /** @type {Entry} */
    const entry = { ...upload, chip: this.#chip(upload), request: null, final: false, leftBehind: false };
    if (Date.now() - entry.at > UPLOAD_LIFETIME_MS) Object.assign(entry, { upload: null, at: Date.now() });
    this.#entries.push(entry);
    this.#list.append(entry.chip);
    entry.chip.querySelector('.remove').addEventListener('click', () => this.#remove(entry));
    entry.chip.querySelector('.retry').addEventListener('click', () => this.#retry(entry));
    preview(entry.file, entry.chip);
    this.#store(entry);
    const { maxBytes, tooLarge, maxFiles, tooMany } = this.#list.dataset;
    if (entry.upload) entry.chip.dataset.state = 'ready';
    else if (entry.file.size > Number(maxBytes)) this.#fail(entry, tooLarge, 413);
    else if (this.#entries.length > Number(maxFiles)) this.#fail(entry, tooMany, 422);
  }

  /** @param {Upload} upload */
  #store({ key, file, name, upload, bytes, at }) {
    put(STORE, { id: key, conversation: this.#conversation, file, name, upload, bytes, at });
  }

  /** @param {string} key */
  #find(key) {
    return this.#entries.find((entry) => entry.key === key);
  }

  /** @param {Upload} upload */
  #chip({ name, bytes }) {
    const chip = copyOf('#chip');
    chip.querySelector('.name').textContent = name;
    chip.querySelector('.size').textContent = size(bytes);
    for (const part of chip.querySelectorAll('[aria-label]')) part.ariaLabel = part.ariaLabel?.replace(NAME, name) ?? name;
    return chip;
  }

  #pump() {
    const uploading = this.#entries.filter(({ request }) => request).length;
    const waiting = this.#entries.filter(({ chip }) => chip.dataset.state === 'waiting');
    for (const entry of waiting.slice(0, Math.max(0, MAX_PARALLEL - uploading))) this.#upload(entry);
  }

  /** @param {Entry} entry */
  #upload(entry) {
    const request = new XMLHttpRequest();
    entry.request = request;
    entry.chip.dataset.state = 'uploading';
    const progress = entry.chip.querySelector('progress');
    request.upload.addEventListener('progress', ({ loaded, total }) => (progress.value = String(total ? loaded / total : 0)));
    request.addEventListener('loadend', () => this.#settle(entry, request));
    request.open('POST', `/c/${this.#conversation}/attachments`);
    request.responseType = 'json';
    request.setRequestHeader('Accept', 'application/json');
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-File-Name', encodeURIComponent(entry.name.toWellFormed?.() ?? 'file'));
    request.send(entry.file);
  }

  /**
   * @param {Entry} entry
   * @param {XMLHttpRequest} request
   */
  #settle(entry, request) {
    entry.request = null;
    if (!this.#entries.includes(entry)) {
      if (request.status === 201) this.#discard(request.response.id);
    } else if (request.status === 201 && request.response) {
      this.#ready(entry, request.response);
    } else if (request.status === 401) {
      logInAgain();
    } else {
      this.#fail(entry, request.response?.error ?? this.#list.dataset.offline, request.status);
    }
    this.#pump();
    this.#onChange();
  }

  /**
   * @param {Entry} entry
   * @param {{ id: string, name: string, bytes: number }} answer
   */
  #ready(entry, answer) {
    Object.assign(entry, { upload: answer.id, bytes: answer.bytes });
    this.#store(entry);
    entry.chip.dataset.state = 'ready';
    entry.chip.querySelector('.size').textContent = size(answer.bytes);
    const status = this.#form.querySelector('.chips-status');
    status.textContent = status.dataset.ready.replace(NAME, answer.name);
  }

  /**
   * @param {Entry} entry
   * @param {string} sentence
   * @param {number} status
   */
  #fail(entry, sentence, status) {
    entry.chip.dataset.state = 'failed';
    entry.final = FINAL.includes(status);
    const reason = entry.chip.querySelector('.field-error');
    reason.textContent = sentence;
    reason.hidden = false;
    entry.chip.querySelector('.retry').hidden = entry.final;
  }

  /** @param {Entry} entry */
  #retry(entry) {
    entry.chip.dataset.state = 'waiting';
    entry.leftBehind = false;
    entry.chip.querySelector('.field-error').hidden = true;
    entry.chip.querySelector('.retry').hidden = true;
    entry.chip.querySelector('.remove').focus();
    this.#pump();
    this.#onChange();
  }

  /** @param {Entry} entry */
  #remove(entry) {
    const next = entry.chip.nextElementSibling ?? entry.chip.previousElementSibling;
    this.#drop(entry);
    entry.request?.abort();
    if (entry.upload) this.#discard(entry.upload);
    (next?.querySelector('.remove') ?? this.#form.elements.body).focus();
    this.#pump();
    this.#onChange();
  }

  /** @param {Entry} entry */
  #drop(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    entry.chip.remove();
    remove(STORE, entry.key);
    channel.postMessage(entry.key);
  }

  /**
   * Another tab has sent or removed this file.
   * @param {string} key
   */
  #forget(key) {
    const entry = this.#find(key);
    if (!entry) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    entry.chip.remove();
    entry.request?.abort();
    this.#onChange();
  }

  /**
   * If this fails, the server deletes the upload after a day.
   * @param {string} id
   */
  #discard(id) {
    const headers = { Accept: 'application/json' };
    fetch(`/c/${this.#conversation}/files/${id}/remove`, { method: 'POST', headers, keepalive: true }).catch(() => {});
  }
}

/**
 * Draws the preview, since the content security policy allows only images from the server.
 * @param {File} file
 * @param {Part} chip
 */
async function preview(file, chip) {
  if (!/^image\/(png|jpeg|gif|webp)$/.test(file.type)) return;
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = chip.querySelector('canvas');
    const side = Math.min(bitmap.width, bitmap.height);
    const [x, y] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    canvas.getContext('2d')?.drawImage(bitmap, x, y, side, side, 0, 0, PREVIEW_PX, PREVIEW_PX);
    bitmap.close();
    canvas.hidden = false;
  } catch {
    // Not readable: the server says what is wrong with it.
  }
}

/**
 * Like the server: views/attachment.rs.
 * @param {number} bytes
 */
function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1e3)} KB`;
  if (bytes < 9_950_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  if (bytes < 999_500_000) return `${Math.round(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
