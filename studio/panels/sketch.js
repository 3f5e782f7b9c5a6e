// The picture pales as soon as a choice changes that it does not show yet. Knobs that it follows ask for the next one by
// themselves; after any other change, and when it comes into view, it asks for one here.
const PAUSE = 300; // ms: several choices change at once, as with a recipe
const words = props.words[window.language] ?? props.words.en;
const figure = () => element.querySelector("figure");
let behind = true; // there is no picture yet, or another one is wanted
let due = false; // it has not been asked for yet: whatever arrives was asked for before
let seen = false;
let timer = 0;
const show = () => {
  figure().classList.toggle("behind", due);
  const [image, hint] = ["img", "p"].map((name) => element.querySelector(name));
  if (image) image.alt = words.alt;
  if (hint) hint.textContent = props.possible ? words.hint : words.none;
  element.querySelector("figcaption").textContent = words.title;
};
show();
watch(["src", "moment", "possible"], show);
watch(["src", "moment"], () => due || (behind = !props.moment));
const ask = () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!behind || !seen) return;
    due = false;
    trigger("select");
  }, PAUSE);
};
const pale = () => {
  behind = true;
  figure().classList.add("behind");
};
const changed = () => {
  due = true;
  pale();
  ask();
};
new IntersectionObserver(([{ isIntersecting }]) => {
  seen = isIntersecting;
  if (seen) ask();
}).observe(element);

const followed = props.followed.map((name) => `#knob-${name}`).join();
document.addEventListener("knobsmoved", pale);
document.addEventListener("choicesmoved", changed);
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, ({ target }) => {
    if (target.closest?.("#mix, #settings") && !target.closest(`#knob-size, #knob-steps, ${followed}`)) changed();
  }, true);
}
document.addEventListener("load", ({ target }) => target.closest?.("#photo, #painting") && changed(), true);
