// Scrolls, then watches one row while rows are put in front of it: how far did
// it move under the reader's eyes?
const [pixels, patience, done] = arguments;
const timeline = document.querySelector("[data-part=timeline]");
const rows = () => [...timeline.querySelectorAll("[data-part=message]")];
const oldest = () => timeline.getAttribute("data-oldest-known") === "true";
timeline.scrollBy({ top: pixels, behavior: "instant" });
requestAnimationFrame(() => setTimeout(() => {
  const edge = timeline.getBoundingClientRect().top;
  const anchor = rows().find((row) => row.getBoundingClientRect().top >= edge + 1);
  if (!anchor) return done({ error: "no row in sight" });
  const key = anchor.getAttribute("data-key");
  const find = () => rows().find((row) => row.getAttribute("data-key") === key);
  const before = anchor.getBoundingClientRect().top;
  const first = rows()[0].getAttribute("data-key");
  const started = performance.now();
  let stillSince = started;
  let last = "";
  const look = () => {
    const now = performance.now();
    const front = rows()[0].getAttribute("data-key");
    const picture = `${front} ${timeline.scrollHeight} ${timeline.scrollTop} ${oldest()}`;
    if (picture !== last) { last = picture; stillSince = now; }
    const grown = front !== first;
    // Settled: nothing moved for ten frames after rows came, or nothing more comes.
    const settled = now - stillSince > 160 && (grown || oldest() || now - started > patience);
    if (!settled) return requestAnimationFrame(look);
    const after = find();
    done({
      moved: after ? after.getBoundingClientRect().top - before : null,
      grown,
      oldest: oldest(),
      top: timeline.scrollTop,
    });
  };
  look();
}, 0));
