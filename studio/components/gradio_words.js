// Gradio has English names for some of its parts, and the same name for several: here each gets one of its own.
const words = props.words[window.language] ?? props.words.en;
const NAMES = {
  "Fullscreen": words.fullscreen,
  "Exit fullscreen mode": words.leave,
  "Close": words.close,
  "Copy": words.copy,
  "Gradio footer navigation": words.footer,
  "Reset to default value": words.reset,
};
const NUMBER = /^(?:number input|range slider) for /;
const OF_A_KNOB = ".reset-button, .token-remove"; // their name alone does not say of which
const label = (part) => part.closest("[id^=knob-]")?.querySelector("[data-testid=block-info]")?.textContent.trim();
const named = (part, attribute) => {
  const said = part.getAttribute(attribute);
  const name = NAMES[said] ?? said.replace(NUMBER, "");
  const knob = part.matches(OF_A_KNOB) && label(part);
  return knob && !name.endsWith(knob) ? `${name}: ${knob}` : name;
};
const name = () => {
  for (const attribute of ["aria-label", "title"])
    for (const part of document.querySelectorAll(`:is(button, [role=button], input, footer, .token-remove)[${attribute}]`)) {
      const right = named(part, attribute);
      if (part.getAttribute(attribute) !== right) part.setAttribute(attribute, right);
    }
};
const entitle = () => {
  for (const title of document.querySelectorAll(".toast-title.error"))
    for (const text of title.childNodes) if (text.nodeValue?.trim() === "Error") text.nodeValue = words.error;
};
let planned = false;
const plan = () => {
  if (planned) return;
  planned = true;
  setTimeout(() => ((planned = false), name(), entitle()), 200); // a picture that is being painted changes the page often
};
new MutationObserver(plan).observe(document.body, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "title"],
});
plan();
