// Runs before the page's own scripts: two clocks that a test sets. `wall` is
// added to the time of day, `stalled` stops the steady clock, `slew` makes the
// time of day go so much too fast.
(() => {
  const wall = Date.now.bind(Date);
  const steady = performance.now.bind(performance);
  const clocks = (window.__clocks = { wall: 0, slew: 0, stalled: null });
  let slewedFrom = wall();
  Object.defineProperty(clocks, "slews", {
    set(rate) { clocks.wall += (wall() - slewedFrom) * clocks.slew; slewedFrom = wall(); clocks.slew = rate; },
  });
  Date.now = () => wall() + clocks.wall + (wall() - slewedFrom) * clocks.slew;
  performance.now = () => clocks.stalled ?? steady();
  clocks.stall = (whether) => (clocks.stalled = whether ? steady() : null);
})();
