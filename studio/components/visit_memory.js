// What this tab remembers of its visit: its session, by which the server finds its pictures, and what was chosen.
// Nothing is written down before what was there has been read and brought back.
const PLACE = "visit";
const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? {};
  } catch {
    return {}; // a browser that keeps nothing
  }
};
let kept = read();
let ready = !kept.session;
const write = (change) => {
  if (!ready) return;
  kept = { ...kept, ...change };
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {}
};
const settle = (choices) => {
  ready = true;
  write({ session: props.session, choices });
  window.visitReady = true; // whatever else the page was opened with may come now
  document.dispatchEvent(new Event("visitready"));
};

window.remember = (names, values) => write({ choices: Object.fromEntries(names.map((name, i) => [name, values[i]])) });
window.remember.resumed = () => settle(kept.choices);
window.remember.forget = () => settle(null);

watch("session", () => {
  if (!props.session || props.session === kept.session) return;
  if (ready || !kept.choices) return settle(kept.choices);
  props.value = { resumes: kept.session, choices: kept.choices };
  trigger("input");
});
window.addEventListener("pageshow", (event) => event.persisted && location.reload()); // a page that slept hears nothing
