// Runs before the page's own scripts, and remembers what a person would not see.
(() => {
  if (window.__witness) return;
  const seen = (window.__witness = { violations: [], errors: [] });
  addEventListener("securitypolicyviolation", (event) =>
    seen.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  addEventListener("error", (event) => seen.errors.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));
})();
