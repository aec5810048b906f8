// The live connection: what it resumes from, and when it connects again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load, open } from './page.mjs';

/** A connection whose sockets the test controls. */
async function connection(t, { settled = async () => {}, onFrame } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  t.mock.method(Math, 'random', () => 0);
  open();
  const sockets = [];
  globalThis.WebSocket = class {
    static CONNECTING = 0;
    static OPEN = 1;
    readyState = 0;
    sent = [];
    constructor() {
      sockets.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.readyState = 3;
    }
  };
  const position = { conversation: 7, rev: 4 };
  const [frames, states, addresses] = [[], [], []];
  globalThis.location = { host: 'chat.test', protocol: 'http:', pathname: '/c/7', search: '', hash: '',
    reload: () => addresses.push('reload'), assign: (address) => addresses.push(address) };
  const { Live } = await load('live.js');
  const live = new Live({ cursor: { epoch: 'e', xid: '10' }, position: () => position, settled,
    onFrame: onFrame ?? ((frame) => frames.push(frame)), onState: (state) => states.push(state) });
  live.connect();
  const socket = () => sockets.at(-1);
  const accept = () => {
    socket().readyState = 1;
    socket().onopen();
  };
  const receive = (frame) => socket().onmessage({ data: JSON.stringify(frame) });
  const close = (code) => socket().onclose({ code });
  return { live, sockets, socket, accept, receive, close, frames, states, addresses, position };
}

const RESUMED = { type: 'resumed', epoch: 'e', xid: '11', conversation: null, heads: [], gone: [] };
const resume = (xid, rev = 4) => ({ type: 'resume', epoch: 'e', xid, conversation: 7, rev });

test('a connection resumes from the cursor of the page, then from that of the latest frame', async (t) => {
  const { socket, accept, receive, close, frames, states } = await connection(t);
  accept();
  assert.deepEqual(socket().sent, [resume('10')]);
  receive(RESUMED);
  receive({ type: 'message', epoch: 'e', xid: '12', conversation: 7, rev: 5 });
  assert.deepEqual(frames.map(({ type }) => type), ['resumed', 'message']);
  assert.deepEqual(states, ['connecting', 'live']);
  close(1006);
  t.mock.timers.tick(1_000);
  accept();
  assert.deepEqual(socket().sent, [resume('12')]);
});

test('a frame during a resume moves no cursor: what was missed before it is still to come', async (t) => {
  const { socket, accept, receive, close } = await connection(t);
  accept();
  receive({ type: 'message', epoch: 'e', xid: '20', conversation: 7, rev: 9 });
  close(1006);
  t.mock.timers.tick(1_000);
  accept();
  assert.deepEqual(socket().sent, [resume('10')]);
});

test('a frame that could not be applied is requested again', async (t) => {
  const { live, socket, accept, receive } = await connection(t, {
    onFrame: ({ rev }) => {
      if (rev) throw new Error('planted');
    },
  });
  accept();
  receive(RESUMED);
  assert.throws(() => receive({ type: 'message', epoch: 'e', xid: '12', conversation: 7, rev: 5 }), /planted/);
  live.resume();
  assert.deepEqual(socket().sent.at(-1), resume('11'));
});

test('a gap during a resume is left to its answer', async (t) => {
  const { live, socket, accept, receive } = await connection(t);
  accept();
  live.fetchGap();
  receive(RESUMED);
  assert.deepEqual(socket().sent, [resume('10')]);
  live.fetchGap();
  assert.deepEqual(socket().sent, [resume('10'), resume('11')]);
});

test('what was dropped during a resume is requested after its answer', async (t) => {
  const { socket, accept, receive, position } = await connection(t);
  accept();
  receive({ type: 'resync' });
  assert.deepEqual(socket().sent, [resume('10')]);
  position.rev = 6;
  receive(RESUMED);
  assert.deepEqual(socket().sent, [resume('10'), resume('11', 6)]);
});

test('another epoch reloads the page, after what is not sent yet', async (t) => {
  let sent;
  const { accept, receive, addresses } = await connection(t, { settled: () => new Promise((done) => (sent = done)) });
  accept();
  receive({ ...RESUMED, epoch: 'other' });
  t.mock.timers.tick(2_000);
  assert.deepEqual(addresses, []);
  sent();
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(addresses, ['reload']);
});

test('silence ends a connection, and a stale socket is not heard', async (t) => {
  const { sockets, accept, receive, frames } = await connection(t);
  accept();
  receive(RESUMED);
  t.mock.timers.tick(21_000);
  assert.equal(sockets.length, 1);
  t.mock.timers.tick(3_000);
  assert.equal(sockets.length, 2);
  sockets[0].onmessage({ data: JSON.stringify({ type: 'heartbeat' }) });
  assert.deepEqual(frames.map(({ type }) => type), ['resumed']);
});

test('retries begin quickly and slow down', async (t) => {
  const { sockets, close } = await connection(t);
  const waits = [];
  for (let count = 0; count < 12; count += 1) {
    const before = sockets.length;
    close(1006);
    let waited = 0;
    while (sockets.length === before) {
      t.mock.timers.tick(50);
      waited += 50;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits.slice(1, 6).every((wait) => wait <= 300), true, String(waits));
  assert.deepEqual(waits.at(-1), 5_000, String(waits));
});

test('a revoked session leads to the login page, and is not retried', async (t) => {
  const { sockets, accept, close, addresses } = await connection(t);
  accept();
  close(4401);
  t.mock.timers.tick(60_000);
  assert.deepEqual(addresses, ['/login?next=%2Fc%2F7&ended=true']);
  assert.equal(sockets.length, 1);
});
