// A chat on socket.io, as small as one can be, for tests/bench/peers: a send is an event that inserts the message into PostgreSQL,
// then emits it to the room of its conversation. Redis connects the nodes. Nobody is authenticated, and nobody's membership
// is checked.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { createAdapter } from '@socket.io/redis-adapter';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const DATABASE_CONNECTIONS = 20; // the same number for every peer

const INSERT = 'INSERT INTO messages (conversation, sender, body) VALUES ($1, $2, $3) RETURNING id, at';

const { values: flags } = parseArgs({
  options: {
    listen: { type: 'string' },
    redis: { type: 'string' },
    database: { type: 'string' },
    version: { type: 'boolean' },
  },
});

if (flags.version) {
  const { version } = createRequire(import.meta.url)('socket.io/package.json');
  console.log(`socket.io ${version} (Node ${process.version})`);
  process.exit();
}

const pool = new Pool({ connectionString: flags.database, max: DATABASE_CONNECTIONS });
const publisher = createClient({ url: `redis://${flags.redis}` });
const subscriber = publisher.duplicate();
for (const client of [publisher, subscriber]) {
  client.on('error', (error) => console.error(error));
  await client.connect();
}

const http = createServer();
const io = new Server(http, { adapter: createAdapter(publisher, subscriber), transports: ['websocket'] });

io.on('connection', (socket) => {
  const sender = socket.handshake.query.user; // anyone is who the query says
  socket.on('join', (conversation, done) => {
    socket.join(`conversation:${conversation}`);
    done();
  });
  socket.on('send', async (conversation, body, done) => {
    try {
      // A name makes it a prepared statement.
      const query = { name: 'insert', text: INSERT, values: [conversation, sender, body] };
      const [{ id, at }] = (await pool.query(query)).rows;
      io.to(`conversation:${conversation}`).emit('message', { id: Number(id), conversation, sender, body, at });
      done({ id: Number(id) });
    } catch (error) {
      console.error(error);
      done({ error: 'not sent' });
    }
  });
});

const [host, port] = flags.listen.split(':');
http.listen(Number(port), host);
