// Plays once, when all else is there; not for those who want no motion or have little to load with, nor once somebody
// has begun to do something.
const slow = navigator.connection?.saveData || navigator.connection?.downlink < 3; // megabits a second
const still = matchMedia("(prefers-reduced-motion: reduce)").matches || slow;
const STARTS = ["pointerdown", "keydown", "wheel", "dragenter"];
let video = null, over = false;
const end = () => {
  over = true;
  video?.remove();
  STARTS.forEach((start) => removeEventListener(start, end, true));
};
const begin = () => {
  if (over || !document.querySelector("#canvas img")?.complete) return over || setTimeout(begin, 200);
  video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, src: props.film });
  video.setAttribute("aria-hidden", "true");
  video.addEventListener("ended", end);
  video.addEventListener("error", end);
  video.addEventListener("playing", () => element.append(video));
  video.play().catch(end);
};
// A visit that is taken up again has its own picture on the easel.
if (props.film && !still && !sessionStorage.getItem("visit")) {
  STARTS.forEach((start) => addEventListener(start, end, true));
  addEventListener("load", () => setTimeout(begin, 300));
  if (document.readyState === "complete") setTimeout(begin, 300);
}
