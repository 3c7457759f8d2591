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

export function watchLines(source) {
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

export function lookAgain(isPending) {
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
