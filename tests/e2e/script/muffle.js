// Runs before the page's own scripts: what is named in `__muffled` happens, and
// the page is not told, as on systems that forget to say so.
(() => {
  const muffled = (window.__muffled = new Set());
  const names = ["pagehide", "pageshow", "freeze", "resume", "visibilitychange", "focus",
    "online", "offline", "beforeunload"];
  for (const name of names)
    addEventListener(name, (event) => {
      if (muffled.has(name)) event.stopImmediatePropagation();
    }, true);
})();
