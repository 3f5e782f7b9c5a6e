// The value is {mask, regions, where, soft, photo, feather}: what was marked, white on black as a PNG, or null, once for
// all paintings and once for each; which of it counts and what it means; whether its edges are soft already; which photo
// it belongs to; and how soft the visitor wants them, if that was said. Python may bring marks back, or take them away;
// only a visitor's own triggers "change". A click that wants the subject found triggers "select", with what to `keep`; one
// that wants the edges refined likewise, with the brush's `strokes`: white where it added to the marks for all paintings,
// black where it erased, else grey. A finger, a mouse or the arrow keys and the space bar lead the brush.
const language = window.language;
const words = props.words[language] ?? props.words.en;
const STEPS_BACK = 20;
const SOFT = 1.25; // percent of the long side: how softly a mark ends if nothing else is said
const INKS = [[229, 72, 77], [213, 94, 0], [0, 114, 178], [240, 228, 66], [0, 158, 115]]; // of all, and of each painting
const canvas = find("canvas"), ring = find(".ring"), size = find(".size input");
const ink = canvas.getContext("2d", { willReadFrequently: true });
const past = [];
const layers = INKS.map(() => document.createElement("canvas")); // the marks in each ink; the canvas shows some of them
const brushes = layers.map((layer) => layer.getContext("2d", { willReadFrequently: true }));
const strokes = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const soft = find(".soft input");
let painting = 0; // whose region is being marked
const ownRegions = () => props.value.where === "own";
const shown = () => (ownRegions() ? [1, 2, 3, 4] : [0]);
const active = () => (ownRegions() ? 1 + painting : 0);
let erasing = false, down = false, at = [SIDE / 2, SIDE / 3];

const choices = element.querySelectorAll(".options input");
choices.forEach((input) => (input.nextElementSibling.textContent = words[input.value]));
const say = (change) => {
  props.value = { ...props.value, ...change };
  requestAnimationFrame(() => (check(), soften()));
  trigger("change");
};
const inks = find(".inks");
const check = () => {
  const titles = window.paintings ?? [];
  choices.forEach((input) => {
    input.checked = input.value === props.value.where;
    if (input.value === "own") input.closest("label").hidden = titles.length < 2 && !input.checked;
  });
  painting = Math.max(0, Math.min(painting, titles.length - 1));
  find(".rest").textContent = ownRegions() ? words.rest : "";
  for (const tool of ["invert", "refine"]) find(`[value=${tool}]`).hidden = ownRegions(); // they are for one mask
  if (!ownRegions()) return inks.replaceChildren();
  while (inks.children.length > titles.length) inks.lastChild.remove();
  titles.forEach((title, i) => {
    const chip = inks.children[i] ?? inks.appendChild(document.createElement("label"));
    if (!chip.children.length) {
      chip.append(Object.assign(document.createElement("input"), { type: "radio", name: "ink", value: i }));
      chip.append(document.createElement("i"), document.createElement("span"));
      chip.querySelector("i").style.background = `rgb(${INKS[1 + i]})`;
    }
    chip.querySelector("input").checked = i === painting;
    chip.querySelector("span").textContent = title; // text, never part of a template: a stranger may have named it
  });
};
document.addEventListener("paintings", check);
element.querySelectorAll(".tools button").forEach((button) => (button.textContent = words[button.value]));
find(".options").setAttribute("aria-label", words.where);
inks.setAttribute("aria-label", words.which);
find(".size span").textContent = words.size;
find(".soft span").textContent = words.feather;
find(".easel p").textContent = words.photo;
canvas.setAttribute("role", "img");
canvas.setAttribute("aria-label", words.canvas);

const marks = (layer) => {
  const alpha = brushes[layer].getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 3; i < alpha.length; i += 4) if (alpha[i]) return true;
  return false;
};
const asMask = (layer) => {
  const sheet = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const white = sheet.getContext("2d");
  white.drawImage(layers[layer], 0, 0);
  white.globalCompositeOperation = "source-in";
  white.fillStyle = "#fff";
  white.fillRect(0, 0, sheet.width, sheet.height);
  white.globalCompositeOperation = "destination-over";
  white.fillStyle = "#000";
  white.fillRect(0, 0, sheet.width, sheet.height);
  return sheet.toDataURL("image/png");
};
let drawn = layers.map(() => null); // the masks that are in the layers
const show = () => {
  ink.clearRect(0, 0, canvas.width, canvas.height);
  if (canvas.width) for (const layer of shown()) ink.drawImage(layers[layer], 0, 0);
  find(".brush").classList.toggle("marked", shown().some((layer) => drawn[layer]));
};
const keep = (changed = shown()) => {
  for (const layer of changed) drawn[layer] = marks(layer) ? asMask(layer) : null;
  show();
  say({ mask: drawn[0], regions: drawn.slice(1), soft: false });
};
const finders = element.querySelectorAll(".find button, [value=refine]");
const look = (busy) => finders.forEach((button) => (button.disabled = busy));
let refining = false;
let wanted = null; // what was asked for before the photo was there
const seek = (what) => {
  if (!image.src && document.querySelector("#photo img")) return (wanted = what);
  if (image.src) remember();
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
new ResizeObserver(blur).observe(canvas);
const forget = () => {
  strokes.fillStyle = "#808080";
  strokes.fillRect(0, 0, canvas.width, canvas.height);
};
const draw = async () => {
  check();
  soften();
  if (!props.value.keep) look(false);
  if (!canvas.width) return;
  const masks = layers.map((_, i) => (i ? props.value.regions?.[i - 1] : props.value.mask) ?? null);
  await Promise.all(masks.map((mask, i) => mask !== drawn[i] && fill(i, mask)));
  show();
};
const fill = async (layer, mask) => {
  drawn[layer] = mask;
  if (!layer && !refining) forget(); // refined marks still hold what the brush said
  refining &&= Boolean(layer);
  const picture = mask && Object.assign(new Image(), { src: mask });
  if (picture) await picture.decode();
  if (mask !== drawn[layer]) return;
  const brush = brushes[layer];
  brush.clearRect(0, 0, canvas.width, canvas.height);
  if (!picture) return;
  brush.globalCompositeOperation = "source-over";
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const sheet = brush.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < sheet.data.length; i += 4) sheet.data.set([...INKS[layer], sheet.data[i]], i);
  brush.putImageData(sheet, 0, 0);
};
watch("value", draw);

followPhoto((width, height) => {
  canvas.width = Math.round(width); // also wipes it
  canvas.height = Math.round(height);
  for (const layer of [...layers, strokes.canvas]) Object.assign(layer, { width: canvas.width, height: canvas.height });
  forget();
  past.length = 0;
  drawn = layers.map(() => null);
  draw();
  if (wanted) seek(wanted);
  wanted = null;
});

const sheetOf = (brush) => [brush, brush.getImageData(0, 0, canvas.width, canvas.height)];
const remember = () => {
  past.push([...shown().map((layer) => brushes[layer]), strokes].map(sheetOf));
  if (past.length > STEPS_BACK) past.shift();
};
const line = (brush, [from, to], width, colour) => {
  brush.lineCap = brush.lineJoin = "round";
  brush.lineWidth = width;
  brush.strokeStyle = colour;
  brush.beginPath();
  brush.moveTo(...from);
  brush.lineTo(to[0] + 0.01, to[1]); // a line of no length would leave no dot
  brush.stroke();
};
const stroke = (...way) => {
  for (const layer of shown()) {
    const brush = brushes[layer];
    brush.globalCompositeOperation = erasing || layer !== active() ? "destination-out" : "source-over"; // one ink a spot
    line(brush, way, Number(size.value), `rgb(${INKS[layer]})`);
  }
  if (!ownRegions()) line(strokes, way, size.value / 2, erasing ? "#000" : "#fff"); // nobody is sure at a brush's rim
  show();
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
  for (const [brush, sheet] of past.pop() ?? []) brush.putImageData(sheet, 0, 0);
  keep(layers.keys()); // it may have been done to marks that are not shown now
};
const invert = () => {
  const [[brush, marked], [, said]] = [brushes[0], strokes].map(sheetOf);
  for (let i = 0; i < marked.data.length; i += 4) {
    marked.data.set([...INKS[0], 255 - marked.data[i + 3]], i);
    said.data.fill(255 - said.data[i], i, i + 3);
  }
  brush.putImageData(marked, 0, 0);
  strokes.putImageData(said, 0, 0);
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
    for (const layer of shown()) brushes[layer].clearRect(0, 0, canvas.width, canvas.height);
    if (!ownRegions()) forget();
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
  show();
});
inks.addEventListener("change", (event) => {
  event.stopPropagation();
  painting = Number(event.target.value);
});
soft.addEventListener("input", blur);
soft.addEventListener("change", (event) => {
  event.stopPropagation();
  say({ feather: Number(soft.value) });
});
