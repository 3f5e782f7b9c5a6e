// The picture pales as soon as a choice changes that it does not show yet. Knobs that it follows ask for the next one by
// themselves; after any other change, and when it comes into view, it asks for one here.
const PAUSE = 300; // ms: several choices change at once, as with a recipe
const words = props.words[window.language] ?? props.words.en;
const figure = () => element.querySelector("figure");
const show = () => {
  figure().classList.remove("behind");
  const [image, hint] = ["img", "p"].map((name) => element.querySelector(name));
  if (image) image.alt = words.alt;
  if (hint) hint.textContent = props.possible ? words.hint : words.none;
  element.querySelector("figcaption").textContent = words.title;
};
show();
watch(["src", "moment", "possible"], show);

let behind = true; // there is no picture yet, or another one is wanted
let seen = false;
let timer = 0; // while one will be asked for, whatever arrives was asked for before
watch(["src", "moment"], () => timer || (behind = !props.moment));
const ask = () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    timer = 0;
    if (behind && seen) trigger("select");
  }, PAUSE);
};
const pale = () => {
  behind = true;
  figure().classList.add("behind");
};
const changed = () => {
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
