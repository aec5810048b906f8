// What a person has not sent yet in a conversation: a text, the message that it replies to, and an edit under way. Local
// storage keeps it, and brings it to the other tabs.

const STORE_DELAY_MS = 300;

/** @typedef {{ text: string, reply: number | null, edit: Edit | null }} Content */

export class Draft {
  #key;
  #value;
  #timer = 0; // runs while this tab has a change that is not stored
  #onChanged;

  /**
   * `onChanged()` is called when another tab has changed the draft.
   * @param {string} key
   * @param {() => void} onChanged
   */
  constructor(key, onChanged) {
    this.#key = key;
    this.#onChanged = onChanged;
    this.#value = this.#read();
    addEventListener('storage', (event) => (event.key === key || event.key === null) && this.#follow());
    addEventListener('pageshow', (event) => event.persisted && this.#follow());
    document.addEventListener('visibilitychange', () => (document.hidden ? this.store() : this.#follow()));
    addEventListener('pagehide', () => this.store());
  }

  get text() {
    return this.#value.text ?? '';
  }

  /** The seq of the message that is replied to, or null. */
  get reply() {
    return this.#value.reply ?? null;
  }

  /** The {seq, text, original} of the message that is being edited, or null. The texts are null until they are loaded. */
  get edit() {
    return this.#value.edit ?? null;
  }

  /**
   * Changes some of `text`, `reply` and `edit`.
   * @param {Partial<Content>} parts
   */
  change(parts) {
    const before = JSON.stringify(this.#value);
    Object.assign(this.#value, parts);
    if (JSON.stringify(this.#value) === before) return;
    this.#timer ||= setTimeout(() => this.store(), STORE_DELAY_MS);
  }

  /** Stores what this tab has changed, and nothing else: another tab may have sent it meanwhile. */
  store() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    const { text, reply, edit } = this;
    if (text.trim() || reply || edit) localStorage.setItem(this.#key, JSON.stringify({ text, reply, edit }));
    else localStorage.removeItem(this.#key);
  }

  /** Takes the state of another tab, unless this one has just changed it. */
  #follow() {
    if (this.#timer) return;
    const before = JSON.stringify(this.#value);
    this.#value = this.#read();
    if (JSON.stringify(this.#value) !== before) this.#onChanged();
  }

  #read() {
    const stored = localStorage.getItem(this.#key);
    try {
      return { text: '', reply: null, edit: null, ...JSON.parse(stored ?? '{}') };
    } catch {
      return { text: stored, reply: null, edit: null }; // of a release that stored only the text
    }
  }
}
