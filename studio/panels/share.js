// The value is {way} for "select", or {link} for "input": a link that this page was opened by. What the server has made
// comes as `made`: a file to be shared, copied or saved, or the fragment of a link. Which of these a browser can, it knows.
const words = props.words[window.language] ?? props.words.en;
const LINK = /^#(recipe=.*)$/;
const find = (what) => element.querySelector(what);
let open = false, message = "", address = "";

const show = () => {
  find(".open").textContent = words.share;
  find(".open").setAttribute("aria-expanded", open);
  find(".menu").hidden = !open;
  find("p").textContent = message;
  find("input").hidden = !address;
  find("input").value = address;
  find("input").setAttribute("aria-label", words.link);
  element.querySelectorAll(".way").forEach((way) => (way.textContent = words[way.value]));
};
const say = (text) => {
  message = text;
  show();
};
const close = () => {
  open = false;
  address = "";
  say("");
};

const save = (file) => {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(words.saved.replace("{name}", () => file.name));
};
const asPng = async (file) => {
  if (file.type === "image/png") return file;
  const picture = await createImageBitmap(file);
  const sheet = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height });
  sheet.getContext("2d").drawImage(picture, 0, 0);
  return new Promise((done) => sheet.toBlob(done, "image/png"));
};
const share = async (what) => {
  if (!navigator.canShare?.(what)) return false;
  try {
    await navigator.share(what);
  } catch (error) {
    if (error.name !== "AbortError") return false; // making it took longer than a click counts
  }
  close();
  return true;
};
const offer = async (made) => {
  const blob = await (await fetch(made.url)).blob();
  const file = new File([blob], made.name, { type: blob.type });
  if (await share({ files: [file] })) return;
  if (made.way !== "picture") return save(file);
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": asPng(file) })]);
    say(words.copied);
  } catch {
    save(file);
  }
};
const offerLink = async (made) => {
  address = `${location.origin}${location.pathname}#${made.link}`;
  const own = made.own ? ` ${words.own}` : "";
  say(own);
  if (!own && (await share({ url: address }))) return;
  find("input").select();
  const copied = await navigator.clipboard?.writeText(address).then(() => true, () => false);
  say((copied ? words.link_copied : "") + own);
};

show();
watch(["disabled", "items"], show);
watch("made", () => {
  show();
  if (!open) return; // the visitor has changed their mind
  if (props.made.link) return offerLink(props.made);
  if (props.made.url) return offer(props.made);
  say("");
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches(".open")) {
    if (open) return close();
    open = true;
    show();
    find(".way").focus({ preventScroll: true });
    return find(".menu").scrollIntoView({ block: "nearest" });
  }
  address = "";
  say(words.making);
  props.value = { way: button.value };
  trigger("select");
});
element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open) return;
  close();
  find(".open").focus();
});
document.addEventListener("click", (event) => open && !element.contains(event.target) && close());

const follow = () => {
  const [, link] = location.hash.match(LINK) ?? [];
  if (!link) return;
  history.replaceState(null, "", location.pathname + location.search); // a reload brings back the visit, not the link
  props.value = { link };
  trigger("input");
};
if (window.visitReady) follow();
else document.addEventListener("visitready", follow, { once: true });
window.addEventListener("hashchange", follow);
