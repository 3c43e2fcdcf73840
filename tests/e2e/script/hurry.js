// Runs before the page's own scripts: to the page, time goes so many times as
// fast as it does. Its waits are as long as they are; the test's are shorter.
(() => {
  const times = TIMES;
  const steady = performance.now.bind(performance);
  const began = steady();
  const wall = Date.now();
  const passed = () => (steady() - began) * times;
  performance.now = () => began + passed();
  Date.now = () => wall + passed();
  for (const name of ["setTimeout", "setInterval"]) {
    const set = window[name].bind(window);
    window[name] = (then, after = 0, ...more) => set(then, after / times, ...more);
  }
})();
