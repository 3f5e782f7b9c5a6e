// While it is painted, what there is of the film plays again and again, and grows. Then two films play in step.
const words = props.words[window.language] ?? props.words.en;
const find = (what) => element.querySelector(what);
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const REST = 8; // ticks for which the newest frame stays, before it begins anew
let frames = [], place = 0, run = "";

const speak = () => {
  element.querySelectorAll("[data-text]").forEach((one) => (one.textContent = words[one.dataset.text]));
  element.querySelectorAll("[data-alt]").forEach((one) => (one.alt = words[one.dataset.alt]));
  element.querySelectorAll("[data-label]").forEach((one) => one.setAttribute("aria-label", words[one.dataset.label]));
  const links = element.querySelectorAll(".controls a");
  links.forEach((link, index) => (link.download = `${props.name}.${index ? "webp" : "mp4"}`)); // a stranger may have named it
  if (find(".after")) begin(find(".after"));
};

const begin = (film) => {
  if (film.dataset.begun !== props.film) {
    film.dataset.begun = props.film;
    element.querySelectorAll("video").forEach((one) => (one.muted = true)); // an attribute that comes late does not mute
    still ? film.pause() : film.play().catch(() => {});
  }
  offer();
};

const take = () => {
  if (props.frame.run !== run) [frames, run] = [[], props.frame.run];
  if (props.frame.number > 0 && props.frame.src) frames[props.frame.number - 1] = props.frame.src;
  speak();
};

const tick = () => {
  const screen = find(".growing");
  const there = frames.filter(Boolean);
  if (!screen || there.length < 3 || still) return;
  place = (place + 1) % (there.length + REST);
  screen.src = there[Math.min(place, there.length - 1)];
};
const clock = setInterval(() => (element.isConnected ? tick() : clearInterval(clock)), 1000 / props.rate);

const offer = () => (find(".play").textContent = find(".after").paused ? words.play : words.pause);
const inStep = () => {
  const [before, after] = [find(".before"), find(".after")];
  if (!before || !after) return;
  if (Math.abs(before.currentTime - after.currentTime) > 0.04) before.currentTime = after.currentTime;
  if (before.paused !== after.paused) after.paused ? before.pause() : before.play();
};
for (const turn of ["play", "pause", "timeupdate", "seeked"])
  element.addEventListener(turn, (event) => event.target.matches(".after") && (offer(), inStep()), true); // they do not bubble

element.addEventListener("click", (event) => {
  const [button, film] = [event.target.closest("button, video"), find(".after")];
  if (!button || !film) return;
  if (button.matches(".play, video")) film.paused ? film.play() : film.pause();
  if (button.matches(".compare")) {
    const both = find(".frame").classList.toggle("both");
    button.setAttribute("aria-pressed", String(both));
    if (both) find(".frame").style.setProperty("--at", `${find(".frame input").value}%`);
    else find(".frame").style.removeProperty("--at");
  }
  if (button.matches(".sound")) {
    film.muted = !film.muted;
    button.setAttribute("aria-pressed", String(!film.muted));
  }
});
element.addEventListener("input", (event) => {
  event.stopPropagation();
  find(".frame").style.setProperty("--at", `${event.target.value}%`);
});
element.addEventListener("change", (event) => event.stopPropagation());
speak();
watch("frame", take);
watch(["film", "line"], speak);
