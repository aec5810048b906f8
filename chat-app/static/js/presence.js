// Presence: a dot on the avatars on screen of people who are online or away.

const AWAY_AFTER_MS = 5 * 60_000;
const MAX_WATCHED = 100; // the server's limit
const WATCH_DELAY_MS = 1_000;

export class Presence {
  #list = document.querySelector('.conversations');
  #send;
  #statuses = new Map(); // person → online, away or offline
  #watched = '';
  #away = false;
  #hiddenTimer = 0;
  #watchTimer = 0;

  /**
   * `send(frame)` returns false if there is no connection.
   * @param {Send} send
   */
  constructor(send) {
    this.#send = send;
    if (!this.#isOn) return;
    new MutationObserver(() => this.#watchLater()).observe(this.#list, { childList: true });
    document.addEventListener('visibilitychange', () => this.#updateAway());
    this.#updateAway();
  }

  /** After a resume: requests everybody's status again. */
  start() {
    if (!this.#isOn) return;
    this.#watched = '';
    this.#watch();
    if (this.#away) this.#send({ type: 'away', away: true });
  }

  /**
   * The server sent the status of some people.
   * @param {PresenceFrame} frame
   */
  show({ people }) {
    for (const { user, status } of people) this.#statuses.set(String(user), status);
    this.#draw();
  }

  get #isOn() {
    return Boolean(this.#list?.dataset.online);
  }

  #watchLater() {
    if (this.#watchTimer) return;
    this.#draw();
    this.#watchTimer = setTimeout(() => {
      this.#watchTimer = 0;
      this.#watch();
    }, WATCH_DELAY_MS);
  }

  #watch() {
    const users = [...new Set(elements().map((element) => Number(element.dataset.partner)))].slice(0, MAX_WATCHED);
    const wanted = users.join();
    if (wanted !== this.#watched && this.#send({ type: 'watch', users })) this.#watched = wanted;
  }

  #draw() {
    for (const element of elements()) mark(element, this.#list, this.#statuses.get(element.dataset.partner));
  }

  /** This page reports "away" after it was hidden for some minutes. The server combines a person's pages. */
  #updateAway() {
    clearTimeout(this.#hiddenTimer);
    if (document.hidden) this.#hiddenTimer = setTimeout(() => this.#sendAway(true), AWAY_AFTER_MS);
    else this.#sendAway(false);
  }

  /** @param {boolean} away */
  #sendAway(away) {
    if (away === this.#away) return;
    this.#away = away;
    this.#send({ type: 'away', away });
  }
}

/** The elements with a person's avatar: the header's first, then the list's. */
const elements = () =>
  ['.with-presence[data-partner]', '.conversations > [data-partner]'].flatMap((where) =>
    Array.from(document.querySelectorAll(where)),
  );

/**
 * The list has the texts; there is none for "offline".
 * @param {Part} element
 * @param {Part} list
 * @param {string} status
 */
function mark(element, { dataset: texts }, status) {
  const known = element.querySelector('.presence');
  if (!texts[status]) return known?.remove();
  if (known?.dataset.status === status) return;
  const dot = document.createElement('span');
  dot.className = 'presence';
  dot.dataset.testid = 'presence';
  dot.dataset.status = status;
  dot.title = texts[status];
  const label = document.createElement('span');
  label.className = 'visually-hidden';
  label.textContent = texts[status];
  dot.append(label);
  if (known) known.replaceWith(dot);
  else element.querySelector('.avatar').after(dot);
}
