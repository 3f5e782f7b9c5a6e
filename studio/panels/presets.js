// The value is {preset, photo}: the key of the chosen segment, and the photo's size as the browser shows it.
// A choice by the visitor triggers "select", another photo "load".
const language = window.language;
const show = () => {
  const words = props.words[language] ?? props.words.en;
  element.querySelector("legend").textContent = words.heading;
  for (const line of ["own", "large"]) element.querySelector(`.${line}`).textContent = props[line];
  element.querySelectorAll("label").forEach((label) => {
    const key = label.querySelector("input").value;
    label.querySelector("input").checked = key === props.value.preset;
    label.querySelector("b").textContent = words[key];
    label.querySelector("span").textContent = props.times[key] ?? "";
  });
  window.recipeTimes = props.recipes; // for the pictures of the recipes, which may not be there yet
  document.dispatchEvent(new Event("recipetimes"));
};
show();
watch(["value", "times", "recipes", "own", "large"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = { ...props.value, preset: event.target.value };
  trigger("select");
});

const measure = (image) => {
  if (!image?.naturalWidth || !image.closest("#photo")) return;
  const [, width, height] = image.src.match(/#(\d+)x(\d+)-/) ?? []; // a small picture names the size of its large one
  props.value = { ...props.value, photo: width ? [Number(width), Number(height)] : [image.naturalWidth, image.naturalHeight] };
  trigger("load");
};
document.addEventListener("load", (event) => measure(event.target), true);
measure(document.querySelector("#photo img"));
