// The inbox sends the photos. While they are painted, each asks for its turn by itself, so that others have theirs between.
const words = props.words[window.language] ?? props.words.en;
const find = (what) => element.querySelector(what);
let asked = "", stopped = false;

const say = (one, text) => {
  if (one && one.textContent !== text) one.textContent = text;
};
const speak = () => {
  element.querySelectorAll("[data-text]").forEach((one) => say(one, words[one.dataset.text].replace("{most}", props.most)));
  element.querySelectorAll(".photos li").forEach((one, place) => {
    const name = props.photos[place]?.name ?? ""; // a stranger may have named it: never part of a template
    say(one.querySelector("span"), name);
    one.querySelector("img").alt = name;
    one.querySelector(".remove")?.setAttribute("aria-label", words.remove.replace("{name}", () => name));
  });
  element.querySelectorAll(".troubles li").forEach((one, place) => say(one, props.troubles[place] ?? ""));
  const link = find("a[download]");
  if (link) link.download = `${props.name}.zip`;
};
speak();
new MutationObserver(speak).observe(element, { childList: true, subtree: true }); // photos may open the panel that they come to

let there = 0;
const come = () => {
  if (!there && props.photos.length) element.scrollIntoView({ behavior: "smooth", block: "nearest" }); // dropped far above
  there = props.photos.length;
};
come();
watch("photos", come);

const goOn = () => {
  if (!props.turn || props.turn === asked) return;
  if (props.turn.split(" ")[0] !== asked.split(" ")[0]) stopped = false; // another album
  asked = props.turn;
  trigger(stopped ? "end" : "submit");
};
watch("turn", goOn);
document.addEventListener("click", (event) => event.target.closest("#stop") && (stopped = true), true);

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches(".file")) find("input").click();
  if (!button?.matches(".remove, .clear")) return;
  const all = props.photos.map((_, place) => place);
  props.value = { remove: button.matches(".clear") ? all : [Number(button.value)] };
  trigger("delete");
});
element.addEventListener("change", (event) => {
  event.stopPropagation();
  window.takePictures([...event.target.files]);
  event.target.value = "";
});
