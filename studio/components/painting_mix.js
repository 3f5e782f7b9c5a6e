// The value is {weights, away}: one weight for each extra painting and one for that in the box.
// "select" adds the painting in the box to the extra ones, "delete" takes away number `away`, "release" is a new weight.
const language = window.language;
const words = props.words[language] ?? props.words.en;
const box = () => document.querySelector("#painting img");

const show = () => {
  const rows = [...element.querySelectorAll(".row")];
  const { weights } = props.value;
  const titles = [...props.items.map((item) => item.title), box() ? words.current : words.next];
  const used = box() ? weights : weights.slice(0, -1);
  const total = used.reduce((sum, weight) => sum + weight, 0);
  rows.forEach((row, i) => {
    const slider = row.querySelector("input");
    slider.value = weights[i];
    slider.setAttribute("aria-label", words.weight.replace("{title}", () => titles[i]));
    row.querySelector(".title").textContent = titles[i]; // text, never part of a template: a stranger may have named it
    row.querySelector(".title").title = titles[i];
    row.querySelector("output").textContent = i < used.length ? `${Math.round((100 * weights[i]) / total)} %` : "";
    row.querySelector(".away")?.setAttribute("aria-label", words.away.replace("{title}", () => titles[i]));
  });
  element.querySelector(".current").classList.toggle("empty", !box());
  const image = element.querySelector(".current img");
  if (box()) image.src = box().currentSrc || box().src;
  else image.removeAttribute("src");
  const add = element.querySelector(".add");
  add.textContent = words.add;
  add.disabled = !box() || props.items.length >= props.most - 1;
};
show();
watch(["value", "items"], show);
document.addEventListener("load", (event) => event.target.closest?.("#painting") && show(), true);
const follow = () => {
  const box = document.getElementById("painting"); // may come to the page later than this
  if (box) new MutationObserver(show).observe(box, { childList: true, subtree: true });
  else setTimeout(follow, 50);
};
follow();

const update = (change, event) => {
  props.value = { ...props.value, ...change };
  show();
  trigger(event);
};
const place = (target) => [...element.querySelectorAll(".row")].indexOf(target.closest(".row"));
element.addEventListener("input", (event) => {
  const weights = [...props.value.weights];
  weights[place(event.target)] = Number(event.target.value);
  update({ weights }, "release");
});
element.addEventListener("click", (event) => {
  if (event.target.matches(".add")) update({ away: null }, "select");
  if (event.target.matches(".away")) update({ away: place(event.target) }, "delete");
});
