// Like a wall, whose heading comes and goes with its pictures.
const language = navigator.language.slice(0, 2);
const show = () => {
  const legend = element.querySelector("legend");
  if (legend) legend.textContent = props.headings[language] ?? props.headings.en;
  element.querySelectorAll("input").forEach((input) => (input.checked = input.value === props.value));
};
show();
watch(["value", "disabled", "items"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  trigger("select");
});
