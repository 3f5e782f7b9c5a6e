// As the strips begin, they come into view, and with them how far they are.
const isGoing = () => props.done < props.count;
let was = isGoing();
watch(["done", "count"], () => {
  if (isGoing() && !was) element.querySelector("section")?.scrollIntoView({ behavior: "smooth", block: "nearest" });
  was = isGoing();
});
