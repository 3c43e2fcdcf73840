//! A socket that does what a test says, and a server as simple as can be.

use crate::rig::{js, text};

/// A socket that does what the test says, and writes down what was done to it.
const SOCKET: &str = r#"
    globalThis.realSocket ??= globalThis.WebSocket;
    // Of this test: a socket of an earlier one writes into its own.
    const done = globalThis.done = [];
    const sockets = globalThis.sockets = [];
    delete globalThis.answers;
    globalThis.WebSocket = class extends EventTarget {
        constructor(url) {
            super();
            if (url.includes("forbidden")) throw new DOMException("no", "SecurityError");
            this.readyState = 0;
            done.push("dial " + url);
            sockets.push(this);
            if (globalThis.answers) queueMicrotask(() => this.opened());
        }
        send(text) {
            if (this.readyState === 0) throw new DOMException("early", "InvalidStateError");
            done.push("send " + text);
            if (globalThis.answers) answers(this, JSON.parse(text));
        }
        close(code, reason) {
            if (this.readyState >= 2) return;
            if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999))
                throw new DOMException("code", "InvalidAccessError");
            this.readyState = 2;
            done.push("close " + code + " " + reason);
        }
        opened() { this.readyState = 1; this.dispatchEvent(new Event("open")); }
        said(data) { this.dispatchEvent(new MessageEvent("message", { data })); }
        failed() { this.readyState = 3; this.dispatchEvent(new Event("error")); }
        ended(code, reason) {
            this.readyState = 3;
            this.dispatchEvent(new CloseEvent("close", { code, reason }));
        }
    };
"#;

/// While it lives, sockets are scripted.
pub(crate) struct Scripted;

impl Scripted {
    pub(crate) fn install() -> Self {
        js(SOCKET);
        Self
    }

    /// Sockets that open by themselves, and a server that answers, but to the
    /// kinds of frames that are named.
    pub(crate) fn with_server(silent_to: &str) -> Self {
        js(SOCKET);
        js(&SERVER.replace("SILENT", silent_to));
        Self
    }

    pub(crate) fn done(&self) -> String {
        text("return done.join('; ')")
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        js("globalThis.WebSocket = realSocket; delete globalThis.answers");
    }
}

/// Speaks just enough of the native dialect, once for each link.
const SERVER: &str = r#"
    let seq = 0;
    const head = { conv: "room:lobby", seq: 0 };
    const me = { uid: "u1", name: "Ada" };
    const say = (socket, frame) => queueMicrotask(() => socket.said(JSON.stringify(frame)));
    globalThis.answers = (socket, frame) => {
        if ("SILENT".split(" ").includes(frame.t)) return;
        switch (frame.t) {
        case "hello":
            return say(socket, { t: "welcome", me, epoch: "e1", spread_ms: 0, ping_ms: 0, convs: [head] });
        case "open":
            say(socket, { t: "opened", head, talk: "allowed", readers: [] });
            return say(socket, { t: "roster", conv: frame.conv, people: [me] });
        case "fill":
            return say(socket, { t: "page", req: frame.req, conv: frame.conv, epoch: "e1", msgs: [], head: seq });
        case "send":
            seq += 1;
            return say(socket, { t: "ack", cid: frame.cid, conv: frame.conv, seq, id: "m" + seq, ts: 1 });
        case "ping":
            return say(socket, { t: "pong" });
        }
    };
"#;
