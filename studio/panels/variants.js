// The value is the chosen cell's key. Once the controls are set to it, the way leads on to Paint.
const words = props.words[window.language] ?? props.words.en;
const find = (what) => element.querySelector(what);
const show = () => {
  find(".hint").textContent = words.hint;
  const legend = find("legend");
  if (legend) legend.textContent = words.heading;
  element.querySelectorAll("input").forEach((input) => (input.checked = input.value === props.value));
  if (!find(".go")) return; // nine are being painted
  const cell = props.cells.find((one) => one.key === props.value);
  find(".go").hidden = !cell;
  find(".go").textContent = words.go;
  find(".set").textContent = cell ? words.set.replace("{title}", () => cell.title) : "";
};
show();
watch(["value", "cells", "done", "count"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  show();
  if (find(".go")) find(".go").disabled = true; // until the controls are set
  trigger("select");
});
window.variantIsSet = () => find(".go") && (find(".go").disabled = false);
element.addEventListener("click", (event) => event.target.matches(".go") && document.getElementById("paint")?.click());
