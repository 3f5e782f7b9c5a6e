// The value is the key of the chosen tile. Python may set it; only a visitor's choice triggers "select".
const language = window.language;
const show = () => {
  element.querySelector("legend").textContent = props.headings[language] ?? props.headings.en;
  const hint = element.querySelector(".hint"); // of a gallery that may be empty: what will hang there
  if (hint) hint.textContent = props.hints[language] ?? props.hints.en;
  element.querySelectorAll(".tile").forEach((tile, i) => {
    const item = props.items[i] ?? {};
    const { title, line, whole } = props.texts?.[language]?.[item.key] ?? item; // text, never part of a template
    tile.title = whole ?? [title, line].filter(Boolean).join(", ");
    tile.querySelector(".title").textContent = title;
    tile.querySelector(".line").textContent = line ?? "";
  });
  element.querySelectorAll("input").forEach((input) => (input.checked = input.value === props.value));
};
show();
watch(["value", "disabled", "items"], show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  trigger("select");
});
