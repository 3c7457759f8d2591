// Paste or drop files on a text, and see them in it. Without scripts the form's button does it.
export function attachFiles(place) {
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
