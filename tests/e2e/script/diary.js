// Keeps a diary of what a page does and shows, by a clock that no test bends:
// when it dialled, what became of the sockets, what it said of the connection,
// and when each row came. Runs before the page's own scripts where the browser
// allows it, else as soon as the page is there.
(() => {
  if (window.__diary) return;
  const steady = performance.now.bind(performance);
  const origin = performance.timeOrigin;
  const notes = [];
  const rows = {};
  const diary = (window.__diary = { notes, rows, watchesRows: true });
  const note = (what, is = null) => {
    if (notes.length < 20000) notes.push({ at: origin + steady(), what, is });
  };

  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      note("dial");
      super(...given);
      this.addEventListener("open", () => note("open"));
      this.addEventListener("close", (event) => note("close", String(event.code)));
    }
    close(...given) {
      note("hangs up");
      return super.close(...given);
    }
  };
  const ask = window.fetch.bind(window);
  window.fetch = (what, ...more) => {
    const address = typeof what === "string" ? what : what.url;
    note("asks", new URL(address, location.href).pathname);
    return ask(what, ...more);
  };

  for (const name of ["focus", "online", "offline", "pagehide"])
    addEventListener(name, () => note(name), true);
  addEventListener("pageshow", (event) => note("pageshow", event.persisted ? "kept" : "new"), true);
  for (const name of ["freeze", "resume"])
    document.addEventListener(name, () => note(name), true);
  document.addEventListener("visibilitychange", () => note(document.visibilityState), true);
  addEventListener("click", (event) => {
    if (event.target.closest?.("[data-part=now]")) note("tap");
  }, true);

  let status = null;
  let banner = null;
  const look = () => {
    const app = document.querySelector("[data-part=app]");
    const now = app && app.getAttribute("data-status");
    if (now !== status) note("status", (status = now));
    const shown = document.querySelector("[data-part=status]");
    // The seconds that it counts down are no news.
    const says = shown && `${shown.getAttribute("data-status")}: ${shown.textContent.replace(/\d+/g, "#")}`;
    if (says !== banner) note("banner", (banner = says));
    if (!diary.watchesRows) return;
    for (const row of document.querySelectorAll("[data-part=message]")) {
      const text = row.querySelector("[data-part=text]")?.textContent;
      if (text === undefined) continue;
      const was = (rows[text] ??= {});
      const delivery = row.getAttribute("data-delivery") ?? "shown";
      was.shown ??= origin + steady();
      was[delivery] ??= origin + steady();
    }
  };
  new MutationObserver(look).observe(document, {
    subtree: true, childList: true, characterData: true,
    attributes: true, attributeFilter: ["data-status", "data-delivery"],
  });
  look();
  try {
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) note("long task", String(Math.round(task.duration)));
    }).observe({ type: "longtask", buffered: true });
  } catch { /* this engine does not tell */ }
})();
