// Runs before the page's own scripts: ends the document at one of twelve points
// between a key and the acknowledgement of what was said. From there on nothing
// of the page gets to the device or to the network, as when the process had
// ended there; then the document is loaded again.
(() => {
  const armed = Number(sessionStorage.getItem("__point") ?? 0);
  let dead = false;
  let wanted = armed;
  window.__arms = (point) => { wanted = point; };
  window.__reached = sessionStorage.getItem("__reached");
  const reach = (point) => {
    if (point !== wanted || dead) return;
    dead = true;
    sessionStorage.setItem("__reached", String(point));
    location.reload();
  };
  const gone = () => { if (dead) throw new Error("the document is gone"); };

  addEventListener("keydown", (event) => { if (event.key === "Enter") reach(1); if (dead) event.stopImmediatePropagation(); }, true);
  addEventListener("keydown", (event) => { if (event.key === "Enter") reach(2); });

  // What is said goes into this store; the other has the unfinished texts.
  const said = (store) => store.name === "unsent";
  const transaction = IDBDatabase.prototype.transaction;
  let typed = false;
  addEventListener("keydown", (event) => { typed ||= event.key === "Enter"; }, true);
  IDBDatabase.prototype.transaction = function (stores, mode, ...more) {
    gone();
    if (mode === "readwrite" && typed) reach(3);
    gone();
    return transaction.call(this, stores, mode, ...more);
  };
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...given) {
    gone();
    if (!said(this)) return put.apply(this, given);
    reach(4);
    gone();
    const request = put.apply(this, given);
    request.addEventListener("success", () => reach(6));
    this.transaction.addEventListener("complete", (event) => {
      reach(7);
      if (dead) event.stopImmediatePropagation();
      else setTimeout(() => reach(8), 0);
    });
    reach(5);
    if (dead) { this.transaction.abort(); gone(); }
    return request;
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (dead) return;
    const is = typeof data === "string" && data.includes('"t":"send"');
    if (is) reach(9);
    if (dead) return;
    send.call(this, data);
    if (is) reach(10);
  };
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (typeof event.data === "string" && event.data.includes('"t":"ack"')) {
          reach(11);
          if (!dead) setTimeout(() => reach(12), 0);
        }
        if (dead) event.stopImmediatePropagation();
      });
    }
  };
  sessionStorage.removeItem("__point");
})();
