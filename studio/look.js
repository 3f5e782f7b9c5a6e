// Small courtesies of the two boxes that Gradio's own do not have: paste into the one under the
// pointer, a click on a filled box chooses another picture, and HEIC is taken for one even where the
// system does not know it.
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
    input.files = bagOf([file]).files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);

  const bagOf = (files) => {
    const bag = new DataTransfer();
    for (const file of files) bag.items.add(file);
    return bag;
  };

  const unknown = (file) => !file.type && /\.(heic|heif|hif)$/i.test(file.name);
  const known = (files) =>
    bagOf(files.map((file) => (unknown(file) ? new File([file], file.name, { type: "image/heic" }) : file)));

  document.addEventListener("change", (event) => {
    const files = [...(event.target.files ?? [])];
    if (files.some(unknown)) event.target.files = known(files).files;
  }, true);

  document.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.some(unknown)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const again = { bubbles: true, cancelable: true, dataTransfer: known(files) };
    event.target.dispatchEvent(new DragEvent("drop", again));
  }, true);

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("#photo .image-frame, #painting .image-frame");
    box?.closest("#photo, #painting").querySelector("input[type=file]")?.click();
  });
})();
