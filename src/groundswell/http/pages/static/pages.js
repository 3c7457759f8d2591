// Comfort only: every page works without this file.
import { attachFiles } from "./attach.js";
import { addCopyButtons } from "./copy.js";
import { lookAgain, watchLines } from "./content.js";
import { watchKeys } from "./keys.js";
import { suggestIn } from "./suggest.js";

const toggle = document.querySelector("[data-theme-toggle]");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

// One menu at a time; Escape and a click elsewhere close it.
const menus = [...document.querySelectorAll("details.menu")];
document.addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((each) => each.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

addCopyButtons();
const source = document.querySelector("[data-lines]");
if (source) watchLines(source);
lookAgain(document.querySelector("[data-pending]") !== null);
for (const place of document.querySelectorAll("[data-attach]")) attachFiles(place);
watchKeys();
const search = document.querySelector("form[data-suggest]");
if (search) suggestIn(search);
const form = document.querySelector("form[data-upload]");
if (form) import("./upload.js").then(({ watchUpload }) => watchUpload(form));
const playground = document.querySelector("form[data-playground]");
if (playground) import("./playground.js").then(({ watchPlayground }) => watchPlayground(playground));
