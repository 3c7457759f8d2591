// Names while somebody types in the search box at the top: a combobox with a list (ARIA 1.2). Enter
// without a choice searches, as it does without scripts.
const WAIT_MS = 150;

export function suggestIn(form) {
  const input = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  form.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"],
    ["aria-controls", list.id], ["aria-autocomplete", "list"]]) input.setAttribute(name, value);
  let timer = 0;
  let asking = null;
  let at = -1;

  function close() {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(step) {
    const items = [...list.children];
    if (list.hidden || items.length === 0) return;
    items[at]?.setAttribute("aria-selected", "false");
    at = (at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length;
    items[at].setAttribute("aria-selected", "true");
    items[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[at].id);
  }

  function show(found) {
    list.replaceChildren(...found.map((each, place) => {
      const item = document.createElement("li");
      item.id = `suggestion-${place}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      const kind = document.createElement("span");
      kind.className = "suggestion-kind";
      kind.textContent = each.kind;
      item.append(each.name, kind);
      item.dataset.url = each.url;
      return item;
    }));
    at = -1;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    asking?.abort();
    const text = input.value.trim();
    if (text.length < 2) { close(); return; }
    asking = new AbortController();
    try {
      const url = `/-/suggest?search=${encodeURIComponent(text)}`;
      const answer = await fetch(url, { signal: asking.signal });
      if (answer.ok && document.activeElement === input) show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT_MS); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { choose(1); event.preventDefault(); }
    else if (event.key === "ArrowUp") { choose(-1); event.preventDefault(); }
    else if (event.key === "Escape" && !list.hidden) { close(); event.preventDefault(); }
    else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      location.assign(list.children[at].dataset.url);
    }
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the box keeps the focus
    const item = event.target.closest("li");
    if (item) location.assign(item.dataset.url);
  });
  input.addEventListener("blur", close);
  // Typed before this script was here.
  if (document.activeElement === input && input.value !== input.defaultValue) ask();
}
