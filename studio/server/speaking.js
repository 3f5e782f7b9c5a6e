// Which language the page speaks: that of the switch, else the browser's, else English. It is said before Gradio asks,
// so that Gradio's own words, the direction of writing and ours are always of one language. The cookie tells the server.
const chosen = document.cookie.match(/(?:^|; )language=(\w\w)/)?.[1];
const wanted = [chosen, ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase())];
const language = wanted.find((one) => LANGUAGES.includes(one)) ?? "en";
const gradios = language === "zh" ? "zh-CN" : language;
window.language = language;
for (const [name, value] of [["language", gradios], ["languages", [gradios]]])
  Object.defineProperty(navigator, name, { get: () => value });
const name = () => {
  if (document.title !== TITLES[language]) document.title = TITLES[language]; // Gradio has its own
};
new MutationObserver(name).observe(document.head, { childList: true, subtree: true, characterData: true });
