// Asks for what is missing at the first gap in sight, and waits until it is
// there, or until less is missing: a page has an end.
const [patience, done] = arguments;
const gap = document.querySelector("[data-part=gap]");
if (!gap) done(false);
else {
  const said = gap.textContent;
  const started = performance.now();
  gap.querySelector("button").click();
  const look = () => {
    const now = document.querySelector("[data-part=gap]");
    const filled = !now || now.textContent !== said;
    if (filled || performance.now() - started > patience) return done(true);
    setTimeout(look, 20);
  };
  look();
}
