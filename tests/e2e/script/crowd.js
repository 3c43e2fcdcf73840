// Many guests, one after the other, who each write a few lines and leave: the
// fastest way to a long history that keeps within what one person may send.
// Speaks the native dialect, so that the page that is tested need not.
const [room, count, each, prefix, done] = arguments;
const post = async (path, body) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const guest = async (number, texts) => {
  await post("/api/guest", { name: `Guest ${number}` });
  const { ticket } = await post("/api/ticket", {});
  const socket = new WebSocket(`ws://${location.host}/ws`);
  const conv = `room:${room}`;
  const waiting = [...texts];
  await new Promise((resolve, reject) => {
    const say = () => {
      const text = waiting.shift();
      if (text === undefined) return resolve();
      const cid = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
        byte.toString(16).padStart(2, "0")).join("");
      socket.send(JSON.stringify({ t: "send", cid, conv, body: { kind: "text", text } }));
    };
    socket.onopen = () =>
      socket.send(JSON.stringify({ t: "hello", ticket, ver: 1, cursors: [] }));
    socket.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason}`));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.t === "welcome") socket.send(JSON.stringify({ t: "open", conv }));
      else if (frame.t === "opened" || frame.t === "ack") say();
      else if (frame.t === "ping") socket.send(JSON.stringify({ t: "pong" }));
      else if (frame.t === "nack") reject(new Error(data));
    };
  });
  socket.onclose = null;
  socket.close();
};
(async () => {
  for (let from = 0; from < count; from += each) {
    const length = Math.min(each, count - from);
    await guest(1 + from / each, Array.from({ length }, (_, i) => `${prefix} ${from + i + 1}`));
  }
})().then(() => done("done"), (error) => done(String(error)));
