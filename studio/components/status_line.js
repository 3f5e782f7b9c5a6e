// While a painting waits for its turn, the line says how many are before it. Gradio shows the place in the queue in
// figures over the canvas only; there it is hidden, and read from here.
const words = props.words[window.language] ?? props.words.en;
const text = () => element.querySelector(".status p");
const first = props.first[window.language] ?? props.first.en;
text().textContent = first;
element.querySelector("[role=progressbar]").setAttribute("aria-label", first);
let own = null; // what the line said before it spoke of the queue

const about = (seconds) => (seconds < 100 ? words.seconds : words.round_minutes)
  .replace("{seconds}", Math.max(5, 5 * Math.round(seconds / 5)))
  .replace("{minutes}", Math.round(seconds / 60));
const sentence = (count, seconds) =>
  (count === 1 ? words.waiting_one : words.waiting_many).replace("{count}", count) +
  (seconds ? `, ${words.about.replace("{time}", about(seconds))}` : "");

const look = () => {
  const shown = document.querySelector("#canvas [data-testid=status-tracker] .progress-text")?.textContent ?? "";
  const [, place, seconds] = shown.match(/(\d+)\/\d+\s*\|(?:\s*[\d.]+\/([\d.]+)s)?/) ?? [];
  if (place) {
    own ??= text().textContent;
    const said = sentence(Number(place), Number(seconds));
    if (text().textContent !== said) text().textContent = said;
  } else if (own !== null) {
    if (text()) text().textContent = own;
    own = null;
  }
};
watch("value", () => (own = null));
const follow = () => {
  const canvas = document.getElementById("canvas");
  if (!canvas) return setTimeout(follow, 50);
  new MutationObserver(look).observe(canvas, { childList: true, subtree: true, characterData: true });
};
follow();
