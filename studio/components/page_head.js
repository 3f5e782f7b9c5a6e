// A choice of another language loads the page again; the visit goes on.
const words = props.words[window.language] ?? props.words.en;
const list = element.querySelector("select");
element.querySelector("h1").textContent = words.title;
element.querySelector("p").textContent = words.tagline;
list.value = window.language;
list.setAttribute("aria-label", words.language);
list.addEventListener("change", (event) => {
  event.stopPropagation();
  const where = location.protocol === "https:" ? "samesite=none; secure; partitioned" : "samesite=lax"; // in a frame, too
  document.cookie = `language=${list.value}; path=/; max-age=31536000; ${where}`;
  location.reload();
});
