// What a person could know from the page, as plain data.
const state = () => {
  const part = (name, within = document) => within.querySelector(`[data-part=${name}]`);
  const parts = (name, within = document) => [...within.querySelectorAll(`[data-part=${name}]`)];
  const text = (element) => (element ? element.textContent.trim() : null);
  const rect = (element) => element.getBoundingClientRect();
  const shown = (element) => !!element && element.getClientRects().length > 0;
  const timeline = part("timeline");
  const composer = part("composer");
  const status = part("status");
  const newer = part("newer");
  return {
    status: part("app") ? part("app").getAttribute("data-status") : null,
    banner: status ? { status: status.getAttribute("data-status"), text: text(status) } : null,
    title: text(part("title")),
    join: shown(part("join")),
    rows: parts("message").map((row) => ({
      key: row.getAttribute("data-key"),
      id: row.getAttribute("data-id"),
      side: row.getAttribute("data-side"),
      kind: row.getAttribute("data-kind"),
      delivery: row.getAttribute("data-delivery"),
      text: part("text", row) ? part("text", row).textContent : null,
      name: text(part("name", row)),
      retry: shown(part("retry", row)),
      top: rect(row).top,
      bottom: rect(row).bottom,
    })),
    timeline: timeline && {
      oldestKnown: timeline.getAttribute("data-oldest-known") === "true",
      top: timeline.scrollTop,
      height: timeline.scrollHeight,
      client: timeline.clientHeight,
      from: rect(timeline).top,
      to: rect(timeline).bottom,
    },
    composer: composer && {
      value: composer.value,
      usable: shown(composer) && !composer.disabled && !composer.readOnly,
      focused: document.activeElement === composer,
    },
    newer: shown(newer) ? newer.getAttribute("data-count") : null,
    people: parts("presence").map((person) => ({
      uid: person.getAttribute("data-uid"),
      online: person.getAttribute("data-online") === "true",
      text: text(person),
    })),
    visible: document.visibilityState === "visible",
    address: location.href,
    language: document.documentElement.lang,
    words: document.body ? document.body.innerText.slice(0, 4000) : "",
  };
};
