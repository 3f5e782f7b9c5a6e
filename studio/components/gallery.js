// The value is the key of the chosen tile. Python may set it; only a visitor's choice triggers "select".
const language = navigator.language.slice(0, 2);
const show = () => {
  element.querySelector("legend").textContent = props.headings[language] ?? props.headings.en;
  element.querySelectorAll("input").forEach((input) => (input.checked = input.value === props.value));
};
show();
watch(["value", "disabled"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  trigger("select");
});
