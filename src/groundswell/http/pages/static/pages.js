// Comfort only: every page works without this file. It is one file, so that a browser asks once while
// it paints; what is not needed at once comes after the paint.

const toggle = document.querySelector("[data-theme-toggle]");
if (toggle) {
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    // A cookie, for the hub to write it into the next page: so nothing has to run before the paint.
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
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

// A button beside lines to paste. The clipboard needs https or this machine: elsewhere the text is
// selected instead, ready for the keyboard.
function addCopyButtons() {
  for (const block of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", () => copy(block.querySelector("code"), button));
    block.append(button);
  }
}

async function copy(code, button) {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    getSelection().selectAllChildren(code);
    said = "Selected";
  }
  button.textContent = said;
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
}

// Single keys that lead to places. They are silent while somebody types, and can be switched off
// for good, for those who speak to their machine (WCAG 2.1.4).
const PLACES = { h: "/", m: "/models", d: "/datasets", s: "/spaces", c: "/collections" };
const PAIR_MS = 1200;

function watchKeys() {
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

// Lines of a text chosen by their numbers (#L10-L20), and pages that wait for what is being read.

const LINES = /^#L(\d+)(?:-L(\d+))?$/;
const LOOKS_MAX = 30;

function choose(source) {
  const found = LINES.exec(location.hash);
  if (!found) return;
  const ends = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
  const first = document.getElementById(`L${ends[0]}`);
  if (!first) {
    // On another page of the text: only once, for a line may not be there at all.
    const url = new URL(source.dataset.lines, location.href);
    if (new URLSearchParams(location.search).get("line") === String(ends[0])) return;
    url.searchParams.set("line", ends[0]);
    url.hash = location.hash;
    location.replace(url);
    return;
  }
  for (const anchor of source.querySelectorAll(".ln")) {
    const number = Number(anchor.id.slice(1));
    anchor.parentElement.classList.toggle("is-chosen", number >= ends[0] && number <= ends[1]);
  }
  first.scrollIntoView({ block: "center" });
}

function watchLines(source) {
  choose(source);
  addEventListener("hashchange", () => choose(source));
  source.addEventListener("click", (event) => {
    const anchor = event.target.closest(".ln");
    const chosen = LINES.exec(location.hash);
    if (!anchor || !event.shiftKey || !chosen) return;
    event.preventDefault();
    const ends = [Number(chosen[1]), Number(anchor.id.slice(1))].sort((a, b) => a - b);
    location.hash = `#L${ends[0]}-L${ends[1]}`;
  });
}

function lookAgain(isPending) {
  const key = `looks:${location.pathname}${location.search}`;
  if (!isPending) {
    sessionStorage.removeItem(key);
    return;
  }
  const looks = Number(sessionStorage.getItem(key) ?? 0);
  if (looks >= LOOKS_MAX) return;
  sessionStorage.setItem(key, looks + 1);
  setTimeout(() => location.reload(), looks < 3 ? 400 : 1500);
}

// Paste or drop files on a text, and see them in it. Without scripts the form's button does it.
function attachFiles(place) {
  const form = place.closest("form");
  const area = form.querySelector("textarea");
  const input = place.querySelector("input[type=file]");
  const state = place.querySelector("[role=status]");
  place.querySelector("button").hidden = true;
  place.querySelector(".drop-hint").hidden = false;
  const take = (event, files) => {
    if (files.length === 0) return;
    event.preventDefault();
    send([...files], area, state);
  };
  input.addEventListener("change", (event) => { take(event, input.files); input.value = ""; });
  area.addEventListener("paste", (event) => take(event, event.clipboardData.files));
  area.addEventListener("dragover", (event) => event.preventDefault());
  area.addEventListener("drop", (event) => take(event, event.dataTransfer.files));
}

async function send(files, area, state) {
  for (const file of files) {
    state.textContent = `Attaching ${file.name}…`;
    try {
      const answer = await fetch("/uploads", {
        method: "POST", headers: { "Content-Type": file.type || "application/octet-stream" }, body: file,
      });
      const told = await answer.text();
      if (!answer.ok) throw new Error(JSON.parse(told).error);
      insert(area, file, new URL(told.trim()).pathname);
      state.textContent = `${file.name} is attached.`;
    } catch (fault) {
      state.textContent = `${file.name}: ${fault.message}`;
      return;
    }
  }
}

function insert(area, file, path) {
  const alt = file.name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N} .,+-]+/gu, " ").trim();
  const text = file.type.startsWith("image/") ? `![${alt || "picture"}](${path})` : `\n\n${path}\n\n`;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

// A page about something that goes on: its part comes again, until it is over.
async function followOn(place) {
  try {
    const text = await (await fetch(location.href)).text();
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-live]");
    if (!found?.dataset.live) { location.reload(); return; }
    for (const part of ["h3", "p", "progress"]) place.querySelector(part)?.replaceWith(found.querySelector(part) ?? "");
  } catch { /* the hub is away: it may come again */ }
  setTimeout(followOn, 1500, place);
}

addCopyButtons();
const live = document.querySelector("[data-live=on]");
if (live) setTimeout(followOn, 1500, live);
const source = document.querySelector("[data-lines]");
if (source) watchLines(source);
lookAgain(document.querySelector("[data-pending]") !== null);
watchKeys();
for (const place of document.querySelectorAll("[data-attach]")) attachFiles(place);
const search = document.querySelector("form[data-suggest]");
const suggest = () => import("./suggest.js").then(({ suggestIn }) => suggestIn(search));
if (search) requestAnimationFrame(() => setTimeout(suggest));
const form = document.querySelector("form[data-upload]");
if (form) import("./upload.js").then(({ watchUpload }) => watchUpload(form));
const playground = document.querySelector("form[data-playground]");
if (playground) import("./playground.js").then(({ watchPlayground }) => watchPlayground(playground));
const asks = document.querySelector("form[data-ask]");
if (asks) import("./ask.js").then(({ watchAsk }) => watchAsk(asks));
