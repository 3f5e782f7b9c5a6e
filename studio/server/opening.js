// The small pictures load after the one on the easel: at the same time they would keep it waiting.
// And nothing is shown until canvas, status line and Paint are there: they come in any order, and push each other away.
{
  const { classList } = document.documentElement;
  const over = ({ target }) => target.closest?.("#canvas") && classList.remove("opening");
  for (const end of ["load", "error"]) document.addEventListener(end, over, { capture: true });
  const arrived = () => document.querySelector("#studio:has(#canvas):has(#status p):has(#paint)");
  const arrive = () => (arrived() ? classList.remove("arriving") : requestAnimationFrame(arrive));
  classList.add("opening", "arriving");
  arrive();
  setTimeout(() => classList.remove("opening", "arriving"), 10_000); // whatever has not come by then
}
