// One request that is repeated until the server has answered it: for messages and edits.

const ATTEMPTS = 6; // after these, the person is told
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
const TIMEOUT_MS = 15_000;

/**
 * @typedef {object} Attempts
 * @property {() => Promise<Outcome>} attempt
 * @property {() => boolean} isWanted
 * @property {() => void} onFailed
 */

export class Delivery {
  #wake = () => {};

  /**
   * Repeats `attempt` (see `post`) for as long as the server can't be reached. If the server answers with errors, gives up and
   * leaves it to the person. `isWanted()` is asked before each attempt; `onFailed()` is called once it takes long.
   * @param {Attempts} attempts
   */
  async run({ attempt, isWanted, onFailed }) {
    let wait = 0;
    for (let count = 0; ; count += 1) {
      if (count > 0) await this.#pause(Math.max(wait, backoff(count)));
      await online();
      if (!isWanted()) return;
      const { settled, unreachable, retryAfter = 0 } = await attempt();
      if (settled) return;
      wait = retryAfter;
      if (count >= ATTEMPTS - 1) onFailed();
      if (count >= ATTEMPTS - 1 && !unreachable) return;
    }
  }

  /** Ends the current back-off. */
  retryNow() {
    this.#wake();
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((done) => {
      const timer = setTimeout(done, jittered(ms));
      this.#wake = () => {
        clearTimeout(timer);
        done(undefined);
      };
    });
  }
}

/**
 * Posts a form and accepts JSON. `settled` requests have the server's `answer`, or a `refusal` to show to the person. Of other
 * requests nobody knows whether they succeeded; a retry is safe after `retryAfter` milliseconds. While the server is
 * `unreachable`, retry without limit.
 * @param {string} action
 * @param {Record<string, string>} fields
 * @returns {Promise<Outcome>}
 */
export async function post(action, fields) {
  let response;
  let answer = null;
  try {
    response = await fetch(action, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 204) answer = await response.json();
  } catch {
    return { settled: false, unreachable: true, retryAfter: 0 };
  }
  if (response.ok) return { settled: true, answer };
  if (response.status === 401) {
    logInAgain();
    return { settled: false, unreachable: true, retryAfter: 0 };
  }
  if (response.status >= 500 || response.status === 429) {
    const retryAfter = 1_000 * (Number(response.headers.get('Retry-After')) || 0);
    return { settled: false, unreachable: response.status !== 500, retryAfter };
  }
  return { settled: true, refusal: answer?.error ?? '' };
}

/** The session has ended: to the login page, which says so and leads back here. */
export function logInAgain() {
  const here = location.pathname + location.search + location.hash;
  location.assign(`/login?${new URLSearchParams({ next: here, ended: 'true' })}`);
}

/** @param {number} count */
const backoff = (count) => Math.min(FIRST_RETRY_MS * 2 ** (count - 1), LAST_RETRY_MS);

/** @param {number} ms */
const jittered = (ms) => ms * (0.5 + Math.random() / 2);

const online = () =>
  navigator.onLine || new Promise((done) => addEventListener('online', done, { once: true }));
