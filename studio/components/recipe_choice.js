// The value is the key of the chosen recipe. Only a visitor's choice triggers "input".
const words = props.words[window.language] ?? props.words.en;
const show = () => {
  element.querySelector("legend").textContent = words.heading;
  element.querySelectorAll("label").forEach((label) => {
    const input = label.querySelector("input");
    const [title, line] = words.recipes[input.value];
    input.checked = input.value === props.value;
    label.querySelector("b").textContent = title;
    label.querySelector(".line").textContent = line;
    label.querySelector(".time").textContent = window.recipeTimes?.[input.value] ?? "";
  });
};
show();
watch("value", show);
document.addEventListener("recipetimes", show);
element.addEventListener("change", (event) => {
  event.stopPropagation();
  props.value = event.target.value;
  trigger("input");
});

// A rule of style, and no property of the knobs: what is hidden keeps its value.
const rule = document.head.appendChild(document.createElement("style"));
window.showUsed = (names, values) => {
  const held = Object.fromEntries(names.map((name, i) => [name, [values[i]].flat().join(" ")]));
  const idle = Object.entries(props.idle[held.recipe] ?? {}).filter(([name, rest]) => held[name] === String(rest));
  const knobs = idle.map(([name]) => `#knob-${name}`).join();
  rule.textContent = knobs && `#expert:not(:has(#all-knobs input:checked)) :is(${knobs}) { display: none !important; }`;
};
