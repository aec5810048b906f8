// Who is typing, and who has read the latest message, in the conversation on screen.

const TELL_EVERY_MS = 4_000;
const SHOWN_MS = 6_000; // so that who goes on typing stays shown

export class Typing {
  #line = document.querySelector('.typing');
  #conversation;
  #send;
  #toldAt = 0;
  #people = new Map(); // person → {name, timer}

  /** `send(frame)` answers whether there was a connection to send it on. */
  constructor({ conversation, text, send }) {
    this.#conversation = conversation;
    this.#send = send;
    if (this.#line) text.addEventListener('input', () => this.#tell(text.value));
  }

  /** Somebody else types. */
  show({ conversation, user, name }) {
    if (!this.#line || conversation !== this.#conversation) return;
    clearTimeout(this.#people.get(user)?.timer);
    this.#people.set(user, { name, timer: setTimeout(() => this.#end(user), SHOWN_MS) });
    this.#draw();
  }

  /** A message has come: its sender has typed it. */
  sent({ conversation, sender }) {
    if (conversation === this.#conversation) this.#end(sender);
  }

  #tell(text) {
    if (!text.trim() || Date.now() - this.#toldAt < TELL_EVERY_MS) return;
    if (this.#send({ type: 'typing', conversation: this.#conversation })) this.#toldAt = Date.now();
  }

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

  constructor({ me, conversation }) {
    this.#me = me;
    this.#conversation = conversation;
    for (const { user, ...reader } of JSON.parse(this.#line.dataset.readers)) this.#readers.set(user, reader);
    new MutationObserver(() => this.#draw()).observe(this.#list, { childList: true });
    this.#draw();
  }

  /** Somebody has read up to a message. */
  show({ conversation, user, name, seq }) {
    if (conversation !== this.#conversation || seq <= this.#readers.get(user)?.seq) return;
    this.#readers.set(user, { name, seq });
    this.#draw();
  }

  /** Below one's own message where it is the latest: who has read it. */
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

/** The sentence with the name in its place. */
const fill = (sentence, name) => sentence.replace('\u0002', () => name);
