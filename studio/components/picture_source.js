// In words below each box: a picture of one's own from a file; behind the dots, from the camera or the clipboard.
const words = props.words[window.language] ?? props.words.en;
const WAYS = { photo: ["camera", "paste"], painting: ["paste"] };
const close = () => {
  element.querySelectorAll(".menu").forEach((menu) => (menu.hidden = true));
  element.querySelectorAll(".more").forEach((more) => more.setAttribute("aria-expanded", "false"));
};
element.querySelectorAll(".source").forEach((source) => {
  const box = source.querySelector(".file").value;
  source.querySelector(".file").textContent = words[`own_${box}`];
  source.querySelector(".more").setAttribute("aria-label", words[`own_${box}_more`]);
  for (const way of WAYS[box])
    source.querySelector(".menu").append(
      Object.assign(document.createElement("button"), { type: "button", value: way, textContent: words[way] }),
    );
});

const part = (box, what) => document.querySelector(`#${box} ${what}`);
const fromFile = (box) => {
  part(box, ".source-selection button")?.click(); // the camera may be on
  setTimeout(() => part(box, "input[type=file]")?.click(), 60);
};
const fromCamera = (box) => part(box, ".source-selection button:nth-child(2)")?.click();
const fromClipboard = async (box) => {
  const items = await navigator.clipboard.read().catch(() => []);
  const found = items.map((item) => [item, item.types.find((type) => type.startsWith("image/"))]).find(([, type]) => type);
  const picture = found && (await found[0].getType(found[1]));
  window.takePicture(box, picture && new File([picture], "pasted.png", { type: picture.type }));
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const box = button?.closest(".source").querySelector(".file").value;
  const menu = button?.closest(".source").querySelector(".menu");
  const opens = button?.matches(".more") && menu.hidden;
  close();
  if (opens) {
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    menu.querySelector("button").focus();
  }
  if (button?.matches(".file")) fromFile(box);
  if (button?.value === "camera") fromCamera(box);
  if (button?.value === "paste") fromClipboard(box);
});
element.addEventListener("keydown", (event) => {
  const source = event.target.closest(".source");
  if (event.key !== "Escape" || !source) return;
  close();
  source.querySelector(".more").focus();
});
document.addEventListener("click", (event) => element.contains(event.target) || close());
