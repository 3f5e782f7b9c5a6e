// Small courtesies of the two boxes that Gradio's own do not have: paste into the one under the
// pointer, and a click on a filled box chooses another picture.
(() => {
  const boxes = ["photo", "painting"];
  let pointed = "photo";

  document.addEventListener("pointerover", (event) => {
    const box = event.target.closest?.("#photo, #painting");
    if (box) pointed = box.id;
  });

  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    const input = document.querySelector(`#${pointed} input[type=file]`);
    if (!file || !input) return;
    event.preventDefault();
    const bag = new DataTransfer();
    bag.items.add(file);
    input.files = bag.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("#photo .image-frame, #painting .image-frame");
    box?.closest("#photo, #painting").querySelector("input[type=file]")?.click();
  });
})();
