// What pictures show is said of each; and Gradio gives the crosses of both boxes one name.
const words = props.words[window.language] ?? props.words.en;
const PLACES = { photo: "#photos input:checked", painting: "#paintings input:checked", canvas: ":is(#finished, #visit) input:checked" };
const name = () => {
  for (const [place, choice] of Object.entries(PLACES)) {
    const cross = place !== "canvas" && document.querySelector(`#${place} .icon-button-wrapper button`);
    if (cross && cross.title !== words[`remove_${place}`]) {
      cross.title = words[`remove_${place}`];
      cross.setAttribute("aria-label", cross.title);
    }
    const image = document.querySelector(`#${place} .image-frame img`);
    const alt = [words[place], document.querySelector(choice)?.closest(".tile").title].filter(Boolean).join(": ");
    if (image && image.alt !== alt) image.alt = alt;
  }
};
const follow = () => {
  const places = Object.keys(PLACES).map((place) => document.getElementById(place));
  if (!places.every(Boolean)) return setTimeout(follow, 50);
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["src"] };
  for (const place of places) new MutationObserver(name).observe(place, changes);
  name();
};
follow();
