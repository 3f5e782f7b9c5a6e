// Says so where a typed number is beyond what a knob allows, and the control takes the nearest that it does.
const words = props.words[window.language] ?? props.words.en;
const line = () => element.querySelector(".limits");
window.typed = {}; // what was typed last, before Gradio's slider cuts it off at the end of its track
document.addEventListener("blur", (event) => {
  const name = event.target.closest?.("[id^=knob-]")?.id.slice(5);
  const knob = props.knobs[name];
  if (!knob || event.target.type !== "number") return;
  const value = Number(event.target.value);
  const beyond = value < knob.low || value > knob.high;
  window.typed[name] = Math.min(value, knob.high);
  const label = document.querySelector(`#knob-${name} [data-testid=block-info]`)?.textContent.trim() ?? name;
  line().textContent = beyond
    ? words.text.replace("{name}", () => label).replace("{low}", knob.low).replace("{high}", knob.high)
    : "";
}, true);
