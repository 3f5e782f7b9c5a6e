// The picture pales as soon as a choice changes that it does not show yet.
const words = props.words[window.language] ?? props.words.en;
const show = () => {
  element.querySelector("figure").classList.remove("behind");
  const [image, hint] = ["img", "p"].map((name) => element.querySelector(name));
  if (image) image.alt = words.alt;
  if (hint) hint.textContent = words.hint;
  element.querySelector("figcaption").textContent = words.title;
};
show();
watch(["src", "moment"], show);
const behind = () => element.querySelector("figure").classList.add("behind");
const within = (places, except) => ({ target }) => target.closest?.(places) && !target.closest(except) && behind();
document.addEventListener("knobsmoved", behind);
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, within("#mix, #brush, #settings", "#knob-size, #knob-steps"), true);
}
document.addEventListener("load", within("#photo, #painting", "#sketch"), true);
