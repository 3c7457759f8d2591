// An answer without a new page, shown while it comes. Without scripts the form is an address like any other.
export function watchAsk(form) {
  const place = document.querySelector("[data-reply]");
  const about = document.querySelector("[data-about]");
  let control = new AbortController();
  const ask = async (url) => {
    control.abort();
    const mine = (control = new AbortController());
    place.setAttribute("aria-busy", "true");
    try {
      const reply = await fetch(url, { headers: { Accept: "text/html" }, signal: mine.signal });
      let text = "";
      for (const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
        const { done, value } = await reader.read();
        text += value ?? "";
        const page = new DOMParser().parseFromString(text, "text/html");
        const found = page.querySelector("[data-reply]");
        if (found) {
          place.removeAttribute("aria-busy");
          sync(place, found);
        }
        if (!done) continue;
        if (!found) throw new Error("no such page");
        sync(about, page.querySelector("[data-about]"));
        form.elements.q.value = page.querySelector("#ask-q").value;
        history.pushState({}, "", url);
        document.title = page.title;
        return;
      }
    } catch {
      if (!mine.signal.aborted) location.assign(url);
    }
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-ask]")) return;
    event.preventDefault();
    ask(`/ask?${new URLSearchParams(new FormData(event.target))}`);
    if (event.target !== form) event.target.reset();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-again]");
    if (!link) return;
    event.preventDefault();
    ask(link.href);
  });
  addEventListener("popstate", () => location.reload());
}

// What is shown already stays as it is: a reader that is read to hears what is new.
function sync(place, found) {
  const shown = [...place.childNodes];
  const wanted = [...found.childNodes];
  wanted.forEach((node, at) => {
    const old = shown[at];
    if (!old) place.append(node);
    else if (old.isEqualNode(node)) return;
    else if (old.nodeType === 1 && old.cloneNode().isEqualNode(node.cloneNode())) sync(old, node);
    else old.replaceWith(node);
  });
  shown.slice(wanted.length).forEach((node) => node.remove());
}
