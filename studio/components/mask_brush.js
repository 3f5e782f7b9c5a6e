// The value is {mask, where, soft, photo, feather}: what was marked, white on black as a PNG, or null; what that means;
// whether its edges are soft already; which photo it belongs to; and how soft the visitor wants it, if that was said.
// Python may bring marks back, or take them away; only a visitor's own triggers "change". A click that wants the subject
// found triggers "select", with what to `keep`; one that wants the edges refined likewise, with the brush's `strokes`:
// white where it added, black where it erased, else grey. A finger, a mouse or the arrow keys and the space bar lead it.
const language = window.language;
const words = props.words[language] ?? props.words.en;
const SIDE = 512; // pixels of the marks' long side
const STEPS_BACK = 20;
const INK = [229, 72, 77];
const SOFT = 1.25; // percent of the long side: how softly a mark ends if nothing else is said
const find = (selector) => element.querySelector(selector);
const image = find(".easel img"), canvas = find("canvas"), ring = find(".ring"), size = find(".size input");
const ink = canvas.getContext("2d", { willReadFrequently: true });
const strokes = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const soft = find(".soft input");
const past = [];
let erasing = false, down = false, at = [SIDE / 2, SIDE / 3];

const choices = element.querySelectorAll(".options input");
choices.forEach((input) => (input.nextElementSibling.textContent = words[input.value]));
const say = (change) => {
  props.value = { ...props.value, ...change };
  requestAnimationFrame(draw);
  trigger("change");
};
const check = () => choices.forEach((input) => (input.checked = input.value === props.value.where));
element.querySelectorAll(".tools button").forEach((button) => (button.textContent = words[button.value]));
find(".options").setAttribute("aria-label", words.where);
find(".size span").textContent = words.size;
find(".soft span").textContent = words.feather;
find(".easel p").textContent = words.photo;
canvas.setAttribute("role", "img");
canvas.setAttribute("aria-label", words.canvas);

const marks = () => {
  const alpha = ink.getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 3; i < alpha.length; i += 4) if (alpha[i]) return true;
  return false;
};
const asMask = () => {
  const sheet = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const white = sheet.getContext("2d");
  white.drawImage(canvas, 0, 0);
  white.globalCompositeOperation = "source-in";
  white.fillStyle = "#fff";
  white.fillRect(0, 0, sheet.width, sheet.height);
  white.globalCompositeOperation = "destination-over";
  white.fillStyle = "#000";
  white.fillRect(0, 0, sheet.width, sheet.height);
  return sheet.toDataURL("image/png");
};
let drawn = null; // the mask that the canvas shows
const showState = () => find(".brush").classList.toggle("marked", drawn !== null);
const keep = () => {
  drawn = marks() ? asMask() : null;
  showState();
  say({ mask: drawn, soft: false });
};
const finders = element.querySelectorAll(".find button, [value=refine]");
const look = (busy) => finders.forEach((button) => (button.disabled = busy));
let refining = false;
const seek = (what) => {
  if (!canvas.width || !image.src) return;
  remember();
  look(true);
  refining = Boolean(what.strokes);
  props.value = { ...props.value, ...what };
  trigger("select");
};
const blur = () => {
  canvas.style.filter = `blur(${(soft.value / 100) * Math.max(canvas.clientWidth, canvas.clientHeight)}px)`;
};
const soften = () => {
  soft.value = props.value.feather ?? (props.value.soft ? 0 : SOFT);
  blur();
};
new ResizeObserver(soften).observe(canvas);
const forget = () => {
  strokes.fillStyle = "#808080";
  strokes.fillRect(0, 0, canvas.width, canvas.height);
};
const draw = async () => {
  check();
  soften();
  if (!props.value.keep) look(false);
  const { mask } = props.value;
  if (mask === drawn || !canvas.width) return;
  drawn = mask;
  showState();
  if (!refining) forget(); // refined marks still hold what the brush said
  refining = false;
  const picture = mask && Object.assign(new Image(), { src: mask });
  if (picture) await picture.decode();
  if (mask !== drawn) return;
  ink.globalCompositeOperation = "copy";
  if (!picture) return ink.clearRect(0, 0, canvas.width, canvas.height);
  ink.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const sheet = ink.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < sheet.data.length; i += 4) sheet.data.set([...INK, sheet.data[i]], i);
  ink.putImageData(sheet, 0, 0);
};
watch("value", draw);

const fit = () => {
  const photo = document.querySelector("#photo img");
  if (!photo) image.removeAttribute("src");
  if (!photo?.naturalWidth || photo.src === image.src) return;
  image.src = photo.src;
  const scale = SIDE / Math.max(photo.naturalWidth, photo.naturalHeight);
  canvas.width = Math.round(photo.naturalWidth * scale); // also wipes it
  canvas.height = Math.round(photo.naturalHeight * scale);
  Object.assign(strokes.canvas, { width: canvas.width, height: canvas.height });
  forget();
  past.length = 0;
  drawn = null;
  draw();
};
document.addEventListener("load", (event) => event.target.closest?.("#photo") && fit(), true);
const follow = () => {
  const box = document.getElementById("photo");
  if (box) new MutationObserver(() => box.querySelector("img") || fit()).observe(box, { childList: true, subtree: true });
  else setTimeout(follow, 50);
};
follow();
fit();

const sheets = () => [ink, strokes].map((one) => one.getImageData(0, 0, canvas.width, canvas.height));
const putBack = ([marked, said]) => {
  ink.putImageData(marked, 0, 0);
  strokes.putImageData(said, 0, 0);
};
const remember = () => {
  past.push(sheets());
  if (past.length > STEPS_BACK) past.shift();
};
const line = (sheet, from, to, width, colour) => {
  sheet.lineCap = sheet.lineJoin = "round";
  sheet.lineWidth = width;
  sheet.strokeStyle = colour;
  sheet.beginPath();
  sheet.moveTo(...from);
  sheet.lineTo(to[0] + 0.01, to[1]); // a line of no length would leave no dot
  sheet.stroke();
};
const stroke = (from, to) => {
  ink.globalCompositeOperation = erasing ? "destination-out" : "source-over";
  line(ink, from, to, Number(size.value), `rgb(${INK})`);
  line(strokes, from, to, Number(size.value) / 2, erasing ? "#000" : "#fff"); // nobody is sure at a brush's rim
};
const point = () => {
  const scale = canvas.clientWidth / canvas.width;
  ring.style.cssText = `left:${at[0] * scale}px;top:${at[1] * scale}px;width:${size.value * scale}px;height:${size.value * scale}px`;
};
const spot = (event) => {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
};
canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  remember();
  down = true;
  at = spot(event);
  stroke(at, at);
});
canvas.addEventListener("pointermove", (event) => {
  const next = spot(event);
  if (down) stroke(at, next);
  at = next;
  point();
});
["pointerup", "pointercancel"].forEach((end) =>
  canvas.addEventListener(end, () => {
    if (down) keep();
    down = false;
  }),
);
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  const [x, y] = ARROWS[event.key] ?? [0, 0];
  const within = (value, most) => Math.min(most, Math.max(0, value));
  const stride = size.value / 3;
  if (event.key === "z" && (event.ctrlKey || event.metaKey)) return undo();
  if (event.key !== " " && !(event.key in ARROWS)) return;
  event.preventDefault();
  at = [within(at[0] + x * stride, canvas.width), within(at[1] + y * stride, canvas.height)];
  point();
  if (event.key !== " ") return;
  remember();
  stroke(at, at);
  keep();
});
canvas.addEventListener("focus", point);
size.addEventListener("input", point);

const undo = () => {
  if (past.length) putBack(past.pop());
  keep();
};
const invert = () => {
  const [marked, said] = sheets();
  for (let i = 0; i < marked.data.length; i += 4) {
    marked.data.set([...INK, 255 - marked.data[i + 3]], i);
    said.data.fill(255 - said.data[i], i, i + 3);
  }
  putBack([marked, said]);
};
element.addEventListener("click", (event) => {
  const tool = event.target.closest("button")?.value;
  if (tool === "subject" || tool === "background") seek({ keep: tool });
  if (tool === "refine") seek({ keep: tool, strokes: strokes.canvas.toDataURL("image/png") });
  if (tool === "erase") {
    erasing = !erasing;
    event.target.setAttribute("aria-pressed", erasing);
  }
  if (tool === "undo") undo();
  if (tool === "clear") {
    remember();
    ink.clearRect(0, 0, canvas.width, canvas.height);
    forget();
    keep();
  }
  if (tool === "invert") {
    remember();
    invert();
    keep();
  }
});
find(".options").addEventListener("change", (event) => {
  event.stopPropagation();
  say({ where: event.target.value });
});
soft.addEventListener("input", blur);
soft.addEventListener("change", (event) => {
  event.stopPropagation();
  say({ feather: Number(soft.value) });
});
