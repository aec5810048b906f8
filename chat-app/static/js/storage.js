// What this browser keeps of a person: messages, edits and files until they are sent, in IndexedDB; drafts and recent emoji. It
// outlives the page and the tab, ends with a logout, and is never shown to another person. If the browser refuses storage, only
// the page has it.

const NAME = 'confab';
const STORES = ['outbox', 'files'];
const DRAFTS = 'draft:';
const RECENT = 'emoji:';
const me = document.body.dataset.me;

/** @type {Promise<IDBDatabase> | null} */
let opening = null;

/**
 * Stores an entry with an `id` and a `conversation`, or replaces it.
 * @param {string} store
 * @param {Stored & Record<string, unknown>} entry
 */
export const put = (store, entry) => run(store, 'readwrite', (entries) => entries.put({ ...entry, me }));

/**
 * @param {string} store
 * @param {string} id
 */
export const remove = (store, id) => run(store, 'readwrite', (entries) => entries.delete(id));

/**
 * This person's entries, oldest first.
 * @param {string} store
 * @returns {Promise<any[]>}
 */
export async function all(store) {
  const entries = (await run(store, 'readonly', (stored) => stored.getAll())) ?? [];
  /** @type {any[]} */
  const own = entries.filter((/** @type {any} */ entry) => entry.me === me);
  return own.sort((a, b) => a.at - b.at);
}

/**
 * The key in local storage for the draft in a conversation. Local storage can be written while the page is closed.
 * @param {number} conversation
 */
export const draftKey = (conversation) => `${DRAFTS}${me}:${conversation}`;

/** The key for the emoji that the person has used last. */
export const recentKey = `${RECENT}${me}`;

/** Deletes everything, at a logout. */
export const forget = () => erase(() => true);

/** Deletes what another person left here, whose session ended without a logout. */
export const forgetOthers = () => erase((owner) => owner !== me);

/** @param {(owner: string | undefined) => boolean} isErased */
async function erase(isErased) {
  for (const key of Object.keys(localStorage)) {
    const [kind, owner] = key.split(':');
    if ([DRAFTS, RECENT].includes(`${kind}:`) && isErased(owner)) localStorage.removeItem(key);
  }
  for (const store of STORES) {
    const entries = (await run(store, 'readonly', (stored) => stored.getAll())) ?? [];
    for (const entry of entries) if (isErased(entry.me)) await remove(store, entry.id);
  }
}

/**
 * @param {string} store
 * @param {IDBTransactionMode} mode
 * @param {(entries: IDBObjectStore) => IDBRequest} request
 */
async function run(store, mode, request) {
  try {
    opening ??= open();
    const transaction = (await opening).transaction(store, mode);
    const answer = request(transaction.objectStore(store));
    await new Promise((done, failed) => {
      transaction.oncomplete = done;
      transaction.onabort = transaction.onerror = () => failed(transaction.error);
    });
    return answer.result;
  } catch (error) {
    console.warn('Confab: this browser stores nothing', error);
    return undefined;
  }
}

function open() {
  return new Promise((done, failed) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store, { keyPath: 'id' });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}
