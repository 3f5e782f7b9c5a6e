// The small pictures load after the one on the easel: at the same time they would keep it waiting.
const opening = document.documentElement.classList;
const over = ({ target }) => target.closest?.("#canvas") && opening.remove("opening");
opening.add("opening");
for (const end of ["load", "error"]) document.addEventListener(end, over, { capture: true });
setTimeout(() => opening.remove("opening"), 10_000); // where no picture comes at all
