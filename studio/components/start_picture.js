// Nothing is chosen here; the cross triggers "delete".
const words = props.words[window.language] ?? props.words.en;
const show = () => {
  if (!element.querySelector(".row")) return;
  element.querySelector(".title").textContent = words.start;
  element.querySelector("button").setAttribute("aria-label", words.start_away);
};
show();
watch("src", show);
element.addEventListener("click", (event) => event.target.matches(".away") && trigger("delete"));
