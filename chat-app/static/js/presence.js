// Who is there: a dot on the pictures of those whom this person has on screen, as the server tells it.

const AWAY_AFTER_MS = 5 * 60_000;
const WATCHED = 100; // as the server allows
const LOOK_AFTER_MS = 1_000;

export class Presence {
  #list = document.querySelector('.conversations');
  #send;
  #statuses = new Map(); // person → online, away or offline
  #watched = '';
  #away = false;
  #hidden = 0;
  #look = 0;

  /** `send(frame)` answers whether there was a connection to send it on. */
  constructor(send) {
    this.#send = send;
    if (!this.#isOn) return;
    new MutationObserver(() => this.#lookLater()).observe(this.#list, { childList: true });
    document.addEventListener('visibilitychange', () => this.#attend());
    this.#attend();
  }

  /** The connection is new, or frames were lost: asks for everybody's status. */
  begin() {
    if (!this.#isOn) return;
    this.#watched = '';
    this.#watch();
    if (this.#away) this.#send({ type: 'away', away: true });
  }

  /** The server tells how people are. */
  show({ people }) {
    for (const { user, status } of people) this.#statuses.set(String(user), status);
    this.#draw();
  }

  get #isOn() {
    return Boolean(this.#list?.dataset.online);
  }

  #lookLater() {
    if (this.#look) return;
    this.#draw();
    this.#look = setTimeout(() => {
      this.#look = 0;
      this.#watch();
    }, LOOK_AFTER_MS);
  }

  #watch() {
    const users = [...new Set(places().map((place) => Number(place.dataset.partner)))].slice(0, WATCHED);
    const wanted = users.join();
    if (wanted !== this.#watched && this.#send({ type: 'watch', users })) this.#watched = wanted;
  }

  #draw() {
    for (const place of places()) mark(place, this.#list, this.#statuses.get(place.dataset.partner));
  }

  /** Whoever has this page hidden for some minutes is away, unless another page of theirs is looked at. */
  #attend() {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#tellAway(true), AWAY_AFTER_MS);
    else this.#tellAway(false);
  }

  #tellAway(away) {
    if (away === this.#away) return;
    this.#away = away;
    this.#send({ type: 'away', away });
  }
}

/** Where a person's picture is: the header first, then the list. */
const places = () =>
  ['.with-presence[data-partner]', '.conversations > [data-partner]'].flatMap((where) =>
    Array.from(document.querySelectorAll(where)),
  );

/** The words are the list's; for somebody who isn't there, there are none. */
function mark(place, { dataset: words }, status) {
  const known = place.querySelector('.presence');
  if (!words[status]) return known?.remove();
  if (known?.dataset.status === status) return;
  const dot = document.createElement('span');
  dot.className = 'presence';
  dot.dataset.testid = 'presence';
  dot.dataset.status = status;
  dot.title = words[status];
  const said = document.createElement('span');
  said.className = 'visually-hidden';
  said.textContent = words[status];
  dot.append(said);
  if (known) known.replaceWith(dot);
  else place.querySelector('.avatar').after(dot);
}
