// Every picture that a visitor hands in comes this way: dropped anywhere on the page, pasted, or chosen in a box.
// It is sent first and decoded by the server; until then the box keeps what it has. The value is {box, file}, or
// {box, problem} where sending failed; each time it triggers "upload", or "submit" for a clip. Several photos at once are
// {box: "album", files, more}, where each file is likewise, and `more` are too many: they trigger "select".
const BOXES = ["photo", "painting"];
let pointed = "photo"; // where a pasted picture goes
let own = false; // a picture of this very page is being dragged

const boxAt = (event) => (event.target.closest?.("#painting, #mix, #paintings") ? "painting" : "photo");
const carriesFiles = (event) => !own && [...(event.dataTransfer?.types ?? [])].includes("Files");
const mark = (box, name, on) => document.getElementById(box)?.classList.toggle(name, on);

// iPhones' pictures have no type where the system does not know them.
const typed = (file) =>
  !file.type && /\.(heic|heif|hif)$/i.test(file.name) ? new File([file], file.name, { type: "image/heic" }) : file;

const send = async (file) => {
  if (file.size > props.most) return { problem: "too_large" };
  const form = new FormData();
  form.append("files", typed(file), file.name);
  const { root, api_prefix } = window.gradio_config;
  const answer = await fetch(`${root}${api_prefix}/upload`, { method: "POST", body: form });
  if (!answer.ok) return { problem: props.problems[answer.status] ?? "not_sent" };
  const [path] = await answer.json();
  return { file: { path, orig_name: file.name, meta: { _type: "gradio.FileData" } } };
};

const isClip = (file) => file.type.startsWith("video/");
const take = async (pointedAt, file) => {
  const box = file && isClip(file) ? "film" : pointedAt;
  mark(box, "taking", true);
  const sent = file ? await send(file).catch(() => ({ problem: "not_sent" })) : { problem: "no_picture" };
  props.value = { box, ...sent };
  trigger(box === "film" ? "submit" : "upload");
  setTimeout(() => mark(box, "taking", false), 400);
};
window.takePicture = take;

const takeSeveral = async (all) => {
  mark("photo", "taking", true);
  const files = [];
  for (const file of all.slice(0, props.photos))
    files.push({ name: file.name, ...(await send(file).catch(() => ({ problem: "not_sent" }))) });
  props.value = { box: "album", files, more: Math.max(0, all.length - props.photos) };
  trigger("select");
  setTimeout(() => mark("photo", "taking", false), 400);
};
window.takePictures = takeSeveral;

document.addEventListener("dragstart", () => (own = true), true);
document.addEventListener("dragend", () => (own = false), true);
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault(); // or the browser would leave the page for the file
  event.stopImmediatePropagation();
  event.dataTransfer.dropEffect = "copy";
  for (const box of BOXES) mark(box, "drop-here", box === boxAt(event));
}, true);
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) BOXES.forEach((box) => mark(box, "drop-here", false));
}, true);
document.addEventListener("drop", (event) => {
  BOXES.forEach((box) => mark(box, "drop-here", false));
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const files = [...event.dataTransfer.files]; // read now: a moment later there are none
  const photos = files.filter((file) => !isClip(file));
  if (photos.length > 1 && boxAt(event) === "photo") takeSeveral(photos);
  else if (files.length) take(boxAt(event), files[0]);
}, true);

document.addEventListener("change", (event) => {
  const box = event.target.closest?.("#photo, #painting")?.id;
  if (!box || event.target.type !== "file" || !event.target.files.length) return;
  event.stopImmediatePropagation();
  take(box, event.target.files[0]); // these boxes let one be chosen
  event.target.value = "";
}, true);

document.addEventListener("pointerover", (event) => {
  const box = event.target.closest?.("#photo, #painting");
  if (box) pointed = box.id;
});
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  take(pointed, file);
}, true);

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#photo .image-frame, #painting .image-frame");
  box?.closest("#photo, #painting").querySelector("input[type=file]")?.click();
});
