// The value is the key of the button that was pressed last.
const language = navigator.language.slice(0, 2);
const words = props.words[language] ?? props.words.en;
const show = () => {
  element.querySelector("legend").textContent = words.heading;
  element.querySelectorAll("button").forEach((button) => {
    button.textContent = words[button.value];
    button.title = words[`${button.value}_help`];
  });
};
show();
watch(["disabled", "items"], show);
element.addEventListener("click", (event) => {
  if (!event.target.matches("button:enabled")) return;
  props.value = event.target.value;
  trigger("select");
});
