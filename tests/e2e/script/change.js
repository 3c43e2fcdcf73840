// Ends as soon as the page differs from what the caller knows, or in vain
// after a while. Follows state.js.
const [known, patience, done] = arguments;
let over = false;
const timers = [];
const observer = new MutationObserver(() => look());
const finish = () => {
  over = true;
  observer.disconnect();
  timers.forEach(clearInterval);
  removeEventListener("scroll", look, true);
  document.removeEventListener("visibilitychange", look);
  done(state());
};
function look() {
  if (!over && JSON.stringify(state()) !== known) finish();
}
observer.observe(document, {
  subtree: true, childList: true, attributes: true, characterData: true,
});
addEventListener("scroll", look, true);
document.addEventListener("visibilitychange", look);
// Some things change without a mutation: what is typed, sizes, the address.
timers.push(setInterval(look, 100));
timers.push(setTimeout(() => { if (!over) finish(); }, patience));
look();
