// The value is the chosen cell's key.
const words = props.words[window.language] ?? props.words.en;
const show = () => {
  element.querySelector(".hint").textContent = words.variants_hint;
  const legend = element.querySelector("legend");
  if (legend) legend.textContent = words.variants;
  element.querySelectorAll("input").forEach((input) => (input.checked = input.value === props.value));
};
show();
watch(["value", "cells"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  trigger("select");
});
