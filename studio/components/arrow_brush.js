// The value is the knob's text: "0.1,0.4 0.3,0.2; 0.6,0.1 0.9,0.1", the points of each arrow across and down the photo.
// Python may bring arrows back, or take them away; only a visitor's own trigger "change". A finger or a mouse draws an
// arrow; so do the arrow keys, between two presses of the space bar.
const words = props.words[window.language] ?? props.words.en;
const APART = 12; // of the sheet's units, between two points of an arrow
const HEAD = 16; // of them, the length of an arrow's head
const STRIDE = 8; // of them, for each press of an arrow key
const sheet = find("svg");
find(".hint").textContent = words.hint;
find(".easel p").textContent = words.photo;
sheet.setAttribute("aria-label", words.canvas);
element.querySelectorAll(".tools button").forEach((button) => (button.textContent = words[button.value]));

let width = SIDE, height = SIDE, drawing = null, at = [SIDE / 2, SIDE / 4];
const arrows = () =>
  (props.value || "")
    .split(";")
    .map((arrow) => arrow.trim().split(/\s+/).map((point) => point.split(",").map(Number)))
    .map((points) => points.map(([x, y]) => [x * width, y * height]))
    .filter((points) => points.length > 1 && points.flat().every(Number.isFinite));
const text = (all) => {
  const part = (value, whole) => Math.min(1, Math.max(0, value / whole)).toFixed(3);
  return all.map((points) => points.map(([x, y]) => `${part(x, width)},${part(y, height)}`).join(" ")).join("; ");
};
const distance = ([a, b], [c, d]) => Math.hypot(a - c, b - d);
const outline = (points) => {
  const [end, before] = [points.at(-1), points.at(-2) ?? points.at(-1)];
  const angle = Math.atan2(end[1] - before[1], end[0] - before[0]);
  const barb = (turn) => [end[0] - HEAD * Math.cos(angle + turn), end[1] - HEAD * Math.sin(angle + turn)];
  return `M${points.join("L")}M${barb(0.5)}L${end}L${barb(-0.5)}`;
};
const add = (className, d) => {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", className);
  path.setAttribute("d", d);
  sheet.append(path);
};
const show = () => {
  sheet.replaceChildren();
  sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const all = [...arrows(), ...(drawing ? [drawing] : [])].map(outline);
  for (const className of ["rim", "arrow"]) for (const one of all) add(className, one);
  add("cursor", `M${at[0] - 8},${at[1]}h16M${at[0]},${at[1] - 8}v16`);
};
const say = (all) => {
  props.value = text(all);
  show();
  trigger("change");
};
watch("value", show);

followPhoto((...size) => {
  [width, height] = size;
  at = [width / 2, height / 4];
  show();
});

const spot = (event) => {
  const box = sheet.getBoundingClientRect();
  return [((event.clientX - box.left) * width) / box.width, ((event.clientY - box.top) * height) / box.height];
};
const go = (next) => {
  at = [Math.min(width, Math.max(0, next[0])), Math.min(height, Math.max(0, next[1]))];
  if (drawing && distance(at, drawing.at(-1)) >= APART) drawing.push(at);
  show();
};
const begin = (here) => {
  at = here;
  drawing = [here];
  show();
};
const end = () => {
  const done = drawing;
  drawing = null;
  if (done?.length > 1) say([...arrows(), done]);
  else show();
};
sheet.addEventListener("pointerdown", (event) => {
  sheet.setPointerCapture(event.pointerId);
  begin(spot(event));
});
sheet.addEventListener("pointermove", (event) => drawing && event.buttons && go(spot(event)));
["pointerup", "pointercancel"].forEach((name) => sheet.addEventListener(name, end));
const KEYS = { ArrowLeft: [-STRIDE, 0], ArrowRight: [STRIDE, 0], ArrowUp: [0, -STRIDE], ArrowDown: [0, STRIDE] };
sheet.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) return say(arrows().slice(0, -1));
  if (event.key === " ") drawing ? end() : begin(at);
  else if (event.key in KEYS) go([at[0] + KEYS[event.key][0], at[1] + KEYS[event.key][1]]);
  else return;
  event.preventDefault();
});
element.addEventListener("click", (event) => {
  const tool = event.target.closest("button")?.value;
  if (tool === "undo") say(arrows().slice(0, -1));
  if (tool === "clear") say([]);
});
