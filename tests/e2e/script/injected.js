// Runs before the page's own scripts, and sees what a payload would do: calls,
// elements that nobody drew, handlers and addresses that run. And counts the
// rows that were drawn.
(() => {
  if (window.__injected) return;
  const seen = (window.__injected = { calls: [], elements: {}, attributes: [], reports: [], keys: new Set() });
  for (const name of ["alert", "confirm", "prompt", "print", "open"]) {
    window[name] = (...said) => { seen.calls.push(`${name} ${said}`); return null; };
  }
  addEventListener("securitypolicyviolation", (event) =>
    seen.reports.push([event.disposition, event.effectiveDirective, event.blockedURI, event.sample]));
  const addresses = new Set(["src", "href", "xlink:href", "action", "formaction", "data", "poster", "background",
    "srcset", "ping", "data-src"]);
  const attribute = (element, name) => {
    const value = element.getAttribute(name);
    if (value === null) return;
    const runs = addresses.has(name) && !/^(https?:\/\/|\/|#|\.\/|blob:|icon-|style-|parlance-)/.test(value);
    if (/^on/i.test(name) || name === "srcdoc" || runs) seen.attributes.push(`${element.localName} ${name}=${value}`);
  };
  const look = (node) => {
    if (node.nodeType !== 1) return;
    seen.elements[node.localName] = (seen.elements[node.localName] || 0) + 1;
    for (const { name } of node.attributes) attribute(node, name);
    if (node.dataset && node.dataset.part === "message") seen.keys.add(node.dataset.key);
    for (const child of node.children) look(child);
  };
  new MutationObserver((records) => {
    for (const record of records) {
      if (record.type === "attributes") {
        attribute(record.target, record.attributeName);
        if (record.attributeName === "data-key" && record.target.dataset.part === "message")
          seen.keys.add(record.target.dataset.key);
      } else record.addedNodes.forEach(look);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
})();
