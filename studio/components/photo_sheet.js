// The photo in its box is shown under the sheet. `followPhoto` calls `fit` with the sheet's size whenever it is another.
const SIDE = 512; // of the sheet's long side, in units of its own
const find = (selector) => element.querySelector(selector);
const image = find(".easel img");
const followPhoto = (fit) => {
  const look = () => {
    const photo = document.querySelector("#photo img");
    if (!photo) image.removeAttribute("src");
    if (!photo?.naturalWidth || photo.src === image.src) return;
    image.src = photo.src;
    const scale = SIDE / Math.max(photo.naturalWidth, photo.naturalHeight);
    fit(photo.naturalWidth * scale, photo.naturalHeight * scale);
  };
  const follow = () => {
    const box = document.getElementById("photo");
    if (box) new MutationObserver(() => box.querySelector("img") || look()).observe(box, { childList: true, subtree: true });
    else setTimeout(follow, 50);
  };
  document.addEventListener("load", (event) => event.target.closest?.("#photo") && look(), true);
  follow();
  look();
};
