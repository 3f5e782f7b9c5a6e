// Nothing is chosen here; the cross triggers "delete".
const said = props.said[navigator.language.slice(0, 2)] ?? props.said.en;
const show = () => {
  if (!element.querySelector(".row")) return;
  element.querySelector(".title").textContent = said.start;
  element.querySelector("button").setAttribute("aria-label", said.start_away);
};
show();
watch("src", show);
element.addEventListener("click", (event) => event.target.matches(".away") && trigger("delete"));
