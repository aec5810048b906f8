// What the types of the scripts (checked by tests/javascript) assume of a page and of the server.

/**
 * An element of the page. The server renders the elements that a script looks up, so a lookup returns one, with the properties
 * of whatever it may be. Where an element may be missing, the script writes `?.`.
 */
type Part = HTMLElement &
  Pick<HTMLInputElement, 'value' | 'defaultValue' | 'checked' | 'disabled' | 'files' | 'readOnly' | 'alt' | 'src' | 'width' | 'height'> &
  Pick<HTMLTextAreaElement, 'setRangeText' | 'setSelectionRange' | 'selectionStart' | 'selectionEnd' | 'select'> &
  Pick<HTMLFormElement, 'elements' | 'submit' | 'requestSubmit' | 'noValidate'> & { action: string } &
  Pick<HTMLDialogElement, 'open' | 'showModal' | 'close' | 'returnValue'> &
  Pick<HTMLAnchorElement, 'href'> & Pick<HTMLTimeElement, 'dateTime'> & Pick<HTMLCanvasElement, 'getContext'> &
  Pick<HTMLTemplateElement, 'content'> &
  { dataset: Record<string, any> };

/** An event whose target is an element of the page. */
type On<E> = E & { target: Part };

interface ParentNode {
  querySelector(selectors: string): Part;
  querySelectorAll(selectors: string): NodeListOf<Part>;
}

interface Element {
  closest(selectors: string): Part;
}

interface Document {
  getElementById(id: string): Part;
}

interface HTMLElement {
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K, listener: (event: On<HTMLElementEventMap[K]>) => unknown, options?: boolean | AddEventListenerOptions): void;
}

declare function addEventListener<K extends keyof WindowEventMap>(
  type: K, listener: (event: On<WindowEventMap[K]>) => unknown, options?: boolean | AddEventListenerOptions): void;

/** The fields of the chat's forms, by name. */
interface HTMLFormControlsCollection {
  readonly body: Part;
  readonly reply_to: Part;
  readonly q: Part;
  readonly zone: Part;
}

/** Not in the standard, and in every browser that shows notifications. */
interface NotificationOptions {
  renotify?: boolean;
}

/** A frame of the live connection. `rev` is that of a change, `xid` and `epoch` are the new cursor. */
interface Frame {
  type: string;
  conversation: number;
  rev: number;
  /** No rev exists between this one and `rev`. */
  after?: number;
  xid?: string;
  epoch?: string;
}

/** A message that is nothing but text (`views/message.rs`). */
interface PlainMessage {
  id: string;
  name: string;
  at: string;
  text: string;
  face: { picture?: string; initials?: string; tone: number };
}

interface MessageFrame extends Frame {
  seq: number;
  sender: number;
  html: string;
  plain?: PlainMessage;
  mentions?: number[];
}

interface NoticeFrame extends Frame {
  html: string;
  notice: string;
  sender: number;
  subject?: number;
}

/** How far this person has read a conversation. */
interface Mark {
  last_read: number;
  version: number;
}

interface ReadFrame extends Frame, Mark {}

interface TypingFrame extends Frame {
  user: number;
  name: string;
}

interface SeenFrame extends TypingFrame {
  seq: number;
}

interface PresenceFrame extends Frame {
  people: { user: number; status: string }[];
}

/** A conversation's item in the list. */
interface Head {
  conversation: number;
  html: string;
}

/** All changes in (from, to]. */
interface RevRange {
  from: number;
  to: number;
  items: { rev: number; html: string }[];
}

/** The answer to a resume. */
interface ResumedFrame extends Omit<Frame, 'conversation'> {
  conversation: RevRange | null;
  heads: Head[];
  gone: number[];
  reload?: boolean;
}

/** The state of the live connection: connecting, live, offline, stalled or crowded. */
type ConnectionState = string;

/** Sends a frame; returns false if there is no connection. */
type Send = (frame: object) => boolean;

/** What a draft has. */
interface Edit {
  seq: number;
  /** Null until it is loaded. */
  text: string | null;
  original: string | null;
}

/** A file that is attached to a message and not sent yet. `upload` is the server's id of it, once it is uploaded. */
interface Upload {
  key: string;
  file: File;
  name: string;
  upload: string | null;
  bytes: number;
  at: number;
}

/** What storage keeps until it is sent. */
interface Stored {
  id: string;
  conversation: number;
  at: number;
}

/** A message in the outbox. */
interface Unsent extends Stored {
  body: string;
  reply: number | null;
  files: Upload[];
}

/** What the server has answered to a request. */
interface Outcome {
  settled: boolean;
  answer?: any;
  refusal?: string;
  unreachable?: boolean;
  retryAfter?: number;
}
