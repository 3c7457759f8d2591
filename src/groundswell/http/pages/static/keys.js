// Single keys that lead to places. They are silent while somebody types, and can be switched off
// for good, for those who speak to their machine (WCAG 2.1.4).
const PLACES = { h: "/", m: "/models", d: "/datasets", s: "/spaces", c: "/collections" };
const PAIR_MS = 1200;

export function watchKeys() {
  const help = document.querySelector("dialog[data-keys]");
  if (!help) return;
  const box = help.querySelector("input[type=checkbox]");
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => { localStorage.setItem("keys", box.checked ? "on" : "off"); });
  for (const button of document.querySelectorAll("[data-keys-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  }
  let isPair = false;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing || help.open || event.ctrlKey || event.metaKey || event.altKey || !box.checked) return;
    const goes = isPair;
    isPair = false;
    if (event.key === "?") { help.showModal(); return; }
    if (goes && PLACES[event.key]) { location.assign(PLACES[event.key]); return; }
    if (event.key === "g") { isPair = true; setTimeout(() => { isPair = false; }, PAIR_MS); return; }
    const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("input")) wanted.focus();
    else wanted.click();
  });
}
