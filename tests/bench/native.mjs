// What the bench of chat front ends needs to know to feed this one: our own
// dialect (docs/native-dialect.md), spoken by the harness as a server would.
//
// The room is handed over whole: the page asks for its newest rows, and the
// one page that answers has all of them. It knows no clock beside its pings,
// keeps nothing, and judges nothing that the page says.

const CONV = 'room:bench', EPOCH = 'bench', PING_MS = 20_000;
// Message 0 of the workload; older ones have negative numbers.
const ZERO = 1_000_000;

const seq = (m) => ZERO + Number(m.id.slice(1));
const person = (m) => ({ uid: m.from, name: m.name, avatar: m.avatar });
const body = (m) => (m.kind === 'image'
  ? { kind: 'image', url: m.url, name: m.text, width: m.w, height: m.h }
  : { kind: 'text', text: m.text });
const said = (m) => ({ seq: seq(m), id: m.id, from: person(m), body: body(m), ts: m.ts });

const say = (conn, frame) => conn.send(JSON.stringify({ ...frame, n: ++conn.state.n }));

const page = (conn, messages) => {
  const { req } = conn.state.asked.shift();
  const msgs = messages.map(said);
  const { newest } = conn.state;
  say(conn, { t: 'page', req, conv: CONV, epoch: EPOCH, from: msgs[0].seq, to: msgs.at(-1).seq, msgs, head: newest });
};

export default {
  onOpen(conn) {
    conn.state = { n: 0, asked: [], newest: ZERO, own: 0 };
    // Whoever only listens would be taken for gone by the page.
    const pings = setInterval(() => {
      if (conn.ws.readyState !== 1) return clearInterval(pings);
      say(conn, { t: 'ping', heads: [], sum: String(conn.state.newest) });
    }, PING_MS);
    conn.ws.on('close', () => clearInterval(pings));
  },

  onFrame(conn, data) {
    const frame = JSON.parse(data), { state } = conn;
    const head = { conv: CONV, title: 'Bench', seq: state.newest, unread: 0, read: state.newest };
    if (frame.t === 'hello') {
      const me = { uid: 'me', name: 'Me' };
      say(conn, { t: 'welcome', me, epoch: EPOCH, spread_ms: 0, ping_ms: PING_MS, limits: { text_bytes: 32768 }, convs: [head] });
    } else if (frame.t === 'open') {
      say(conn, { t: 'opened', head, talk: 'allowed', readers: [] });
      say(conn, { t: 'roster', conv: CONV, people: [{ uid: 'me', name: 'Me', online: true }] });
    } else if (frame.t === 'fill') {
      state.asked.push(frame);
      if (frame.before) conn.olderAsked();
      else conn.ready();
    } else if (frame.t === 'ping') {
      say(conn, { t: 'pong' });
    } else if (frame.t === 'send') {
      const { cid } = frame, number = ++state.own;
      // Beyond what the workload ever says.
      const at = { seq: state.newest += 1, id: `own${number}`, ts: Date.now() };
      conn.sentByUser(frame.body.text);
      say(conn, { t: 'ack', cid, conv: CONV, ...at });
      say(conn, { t: 'push', conv: CONV, msg: { ...at, cid, from: { uid: 'me', name: 'Me' }, body: frame.body } });
    }
  },

  history(conn, messages) {
    conn.state.newest = seq(messages.at(-1));
    page(conn, messages);
  },

  live(conn, message) {
    const msg = said(message);
    conn.state.newest = msg.seq;
    say(conn, { t: 'push', conv: CONV, msg });
  },

  older(conn, messages) { page(conn, messages); },
};
