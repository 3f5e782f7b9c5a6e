// The inbox sends the clip; the camera's becomes a file first.
const words = props.words[window.language] ?? props.words.en;
const find = (what) => element.querySelector(what);
let recording = false;

const say = (one, text) => {
  if (one && one.textContent !== text) one.textContent = text;
};
const speak = () => {
  element.querySelectorAll("[data-text]").forEach((one) => say(one, recording && one.dataset.text === "record" ? words.recording : words[one.dataset.text]));
  element.querySelectorAll("[data-alt]").forEach((one) => (one.alt = words[one.dataset.alt]));
  say(find(".about b"), props.name); // a stranger may have named it: never part of a template
};
speak();
new MutationObserver(speak).observe(element, { childList: true, subtree: true }); // a clip may open the panel that it comes to

const KINDS = ["video/webm", "video/mp4"];
const record = async () => {
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } } });
  const screen = find("video");
  const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(camera, { mimeType: type });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const over = new Promise((done) => (recorder.onstop = done));
  screen.srcObject = camera;
  screen.hidden = false;
  await screen.play();
  recorder.start();
  setTimeout(() => recorder.stop(), 1000 * props.seconds);
  await over;
  screen.hidden = true;
  screen.srcObject = null;
  camera.getTracks().forEach((track) => track.stop());
  return new File(parts, type === KINDS[0] ? "camera.webm" : "camera.mp4", { type });
};

element.addEventListener("click", async (event) => {
  if (event.target.closest(".file")) return find("input").click();
  if (!event.target.closest(".camera") || recording) return;
  recording = true;
  find(".trouble").textContent = "";
  speak();
  const file = await record().catch(() => null);
  recording = false;
  speak();
  if (file) window.takePicture("film", file);
  else find(".trouble").textContent = words.no_camera;
});
element.addEventListener("change", (event) => {
  event.stopPropagation();
  const [file] = event.target.files;
  if (file) window.takePicture("film", file);
  event.target.value = "";
});
