// The value is the key of the button that was pressed last. `own` names the pictures that the one on the wall was
// painted from: where others stand in the boxes, it is said that going on does not use those. While one paints, another
// picture is on the wall than that.
const words = props.words[window.language] ?? props.words.en;
const BOXES = ["photo", "painting"];
const held = (box) => document.querySelector(`#${box} .image-frame img`)?.src.match(/#\d+x\d+-(\w+)$/)?.[1] ?? null;
const compare = () => {
  const line = element.querySelector(".other");
  line.hidden = props.disabled || !props.own || BOXES.every((box) => held(box) === props.own[box]);
  line.querySelector("span").textContent = words.other;
  line.querySelector("button").textContent = words.own;
};
const show = () => {
  for (const name of ["legend", ".heading"]) element.querySelector(name).textContent = words.heading;
  element.querySelectorAll(".way").forEach((button) => {
    button.querySelector("b").textContent = words[button.value];
    button.querySelector("small").textContent = props.prices[button.value] ?? "";
    button.title = words[`${button.value}_help`];
  });
  compare();
};
const follow = () => {
  const boxes = BOXES.map((box) => document.getElementById(box));
  if (!boxes.every(Boolean)) return setTimeout(follow, 50);
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] };
  for (const box of boxes) new MutationObserver(compare).observe(box, changes);
  compare();
};
show();
follow();
watch(["disabled", "items", "own", "prices"], show);
element.addEventListener("click", (event) => {
  if (event.target.matches(".own:enabled")) return trigger("undo");
  const way = event.target.closest(".way:enabled");
  if (!way) return;
  props.value = way.value;
  trigger("select");
});
