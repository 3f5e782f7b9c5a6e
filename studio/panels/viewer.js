// Comparing is one custom property; leafing through the film is the video's own clock.
const words = props.words[window.language] ?? props.words.en;
const find = (what) => element.querySelector(what);

const speak = () => {
  element.querySelectorAll("[data-text]").forEach((one) => (one.textContent = words[one.dataset.text]));
  element.querySelectorAll("[data-alt]").forEach((one) => (one.alt = words[one.dataset.alt]));
  element.querySelectorAll("[data-label]").forEach((one) => one.setAttribute("aria-label", words[one.dataset.label]));
  const [slider, video] = [find(".frame input"), find("video")];
  if (slider) find(".frame").style.setProperty("--at", `${slider.value}%`);
  if (video) video.muted = true; // an attribute that comes late does not mute
  if (video && matchMedia("(prefers-reduced-motion: reduce)").matches) video.pause();
  if (video) offer(video.paused);
  if (find(".reel a")) find(".reel a").download = props.name; // a stranger may have named it: never part of a template
  count(0);
};

const count = (shot) => {
  if (!find("output")) return;
  find("output").textContent = words.replay_step.replace("{step}", props.steps[shot]);
  find(".reel input").value = shot;
  find(".reel input").setAttribute("aria-valuetext", find("output").textContent);
};

const offer = (paused) => {
  if (!paused) delete find("video").dataset.led;
  find(".reel button").setAttribute("aria-label", paused ? words.replay_play : words.replay_pause);
  find(".reel path").setAttribute("d", paused ? "M4 2l10 6-10 6z" : "M3 2h4v12h-4zM9 2h4v12h-4z");
};

const follow = () => {
  const video = find("video");
  if (video && !video.dataset.led) count(Math.min(props.steps.length - 1, Math.floor(video.currentTime * props.rate + 0.01)));
};

element.addEventListener("timeupdate", follow, true); // media events do not bubble
element.addEventListener("click", (event) => {
  const video = find("video");
  if (video && event.target.closest("button, video")) video.paused ? video.play() : video.pause();
});
for (const turn of ["play", "pause"]) element.addEventListener(turn, () => offer(find("video").paused), true);
element.addEventListener("input", (event) => {
  event.stopPropagation();
  const video = find("video");
  if (!video) return find(".frame").style.setProperty("--at", `${event.target.value}%`);
  video.dataset.led = "yes"; // by the visitor's hand, until it plays again
  video.pause();
  video.currentTime = (Number(event.target.value) + 0.5) / props.rate;
  count(Number(event.target.value));
});
element.addEventListener("change", (event) => event.stopPropagation());
speak();
watch(["view", "before", "after", "film"], speak);
