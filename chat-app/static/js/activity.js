// In the conversation on screen: who is typing, and who has read the latest message.

const SEND_INTERVAL_MS = 4_000;
const SHOWN_MS = 6_000; // longer than SEND_INTERVAL_MS, so that the line does not flicker

export class Typing {
  #line = document.querySelector('.typing');
  #conversation;
  #send;
  #sentAt = 0;
  #people = new Map(); // person → {name, timer}

  /**
   * `send(frame)` returns false if there is no connection.
   * @param {{ conversation: number, text: Part, send: Send }} options
   */
  constructor({ conversation, text, send }) {
    this.#conversation = conversation;
    this.#send = send;
    if (this.#line) text.addEventListener('input', () => this.#announce(text.value));
  }

  /**
   * Another person is typing.
   * @param {TypingFrame} frame
   */
  show({ conversation, user, name }) {
    if (!this.#line || conversation !== this.#conversation) return;
    clearTimeout(this.#people.get(user)?.timer);
    this.#people.set(user, { name, timer: setTimeout(() => this.#end(user), SHOWN_MS) });
    this.#draw();
  }

  /**
   * A message arrived: its sender is no longer typing.
   * @param {MessageFrame} frame
   */
  sent({ conversation, sender }) {
    if (conversation === this.#conversation) this.#end(sender);
  }

  /** @param {string} text */
  #announce(text) {
    if (!text.trim() || Date.now() - this.#sentAt < SEND_INTERVAL_MS) return;
    if (this.#send({ type: 'typing', conversation: this.#conversation })) this.#sentAt = Date.now();
  }

  /** @param {number} user */
  #end(user) {
    clearTimeout(this.#people.get(user)?.timer);
    if (this.#people.delete(user)) this.#draw();
  }

  #draw() {
    const [first, second] = this.#people.values();
    const { one, many } = this.#line.dataset;
    this.#line.textContent = second ? many : first ? fill(one, first.name) : '';
  }
}

export class Receipts {
  #line = document.querySelector('.seen-by');
  #list = document.querySelector('.messages');
  #me;
  #conversation;
  #readers = new Map(); // person → {name, seq}

  /** @param {{ me: string, conversation: number }} options */
  constructor({ me, conversation }) {
    this.#me = me;
    this.#conversation = conversation;
    for (const { user, ...reader } of JSON.parse(this.#line.dataset.readers)) this.#readers.set(user, reader);
    new MutationObserver(() => this.#draw()).observe(this.#list, { childList: true });
    this.#draw();
  }

  /**
   * Another person has read up to a message.
   * @param {SeenFrame} frame
   */
  show({ conversation, user, name, seq }) {
    if (conversation !== this.#conversation || seq <= this.#readers.get(user)?.seq) return;
    this.#readers.set(user, { name, seq });
    this.#draw();
  }

  /** If the latest message is this person's own, shows below it who has read it. */
  #draw() {
    const last = Array.from(this.#list.querySelectorAll('.message')).at(-1);
    const { sender, seq } = last?.dataset ?? {};
    const own = seq && sender === this.#me && !document.querySelector('.newer');
    const names = own ? Array.from(this.#readers.values()).filter((reader) => reader.seq >= Number(seq)) : [];
    const list = new Intl.ListFormat(document.documentElement.lang || undefined);
    this.#line.hidden = names.length === 0;
    this.#line.textContent = fill(this.#line.dataset.text, list.format(names.map(({ name }) => name)));
  }
}

/**
 * Replaces the placeholder by the name.
 * @param {string} sentence
 * @param {string} name
 */
const fill = (sentence, name) => sentence.replace('\u0002', () => name);
