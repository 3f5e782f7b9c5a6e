// The value is {weights, away}: one weight for each extra painting and one for that in the box.
// "select" adds the painting in the box to the extra ones, "delete" takes away number `away`, "release" is a new weight.
const language = window.language;
const words = props.words[language] ?? props.words.en;
const titleOf = (tile) => document.querySelector(`#paintings ${tile}`)?.closest(".tile").querySelector(".title").textContent;
const box = () => document.querySelector("#painting img");

const show = () => {
  const rows = [...element.querySelectorAll(".row")];
  const { weights } = props.value;
  const others = props.items.map((item) => (item.key && titleOf(`input[value="${item.key}"]`)) || item.title);
  const titles = [...others, box() ? (titleOf("input:checked") ?? words.own) : words.next];
  const used = box() ? weights : weights.slice(0, -1);
  window.paintings = titles.slice(0, used.length); // for the brush: each may have its region
  document.dispatchEvent(new Event("paintings"));
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
  const places = ["painting", "paintings"].map((place) => document.getElementById(place));
  if (!places.every(Boolean)) return setTimeout(follow, 50); // they may come to the page later than this
  for (const place of places) new MutationObserver(show).observe(place, { childList: true, subtree: true });
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
