// Which language the page speaks, the server has decided. It is said before Gradio asks, so that Gradio's own words, the
// direction of writing and ours are always of one language.
const gradios = language === "zh" ? "zh-CN" : language;
window.language = language;
for (const [name, value] of [["language", gradios], ["languages", [gradios]]])
  Object.defineProperty(navigator, name, { get: () => value });
const name = () => {
  if (document.title !== title) document.title = title; // Gradio has its own
};
new MutationObserver(name).observe(document.head, { childList: true, subtree: true, characterData: true });
