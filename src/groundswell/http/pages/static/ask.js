// An answer without a new page. Without scripts the form is an address like any other.
export function watchAsk(form) {
  const place = document.querySelector("[data-reply]");
  const button = form.querySelector("[type=submit]");
  import("./voice.js");
  let latest = 0;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = ++latest;
    const url = `/ask?${new URLSearchParams(new FormData(form))}`;
    place.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const reply = await fetch(url, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const found = page.querySelector("[data-reply]");
      if (!found) throw new Error("no such page");
      if (mine !== latest) return;
      place.replaceChildren(...found.childNodes);
      history.pushState({}, "", url);
      document.title = page.title;
    } catch {
      location.assign(url);
    } finally {
      place.removeAttribute("aria-busy");
      button.disabled = false;
    }
  });
  addEventListener("popstate", () => location.reload());
}
