// Drop files on the form, see what was chosen, and see how far it is. Without scripts the same form
// sends the same fields.
const units = ["B", "KB", "MB", "GB", "TB"];

function size(bytes) {
  const step = bytes === 0 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

export function watchUpload(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector("[data-drop]");
  form.querySelector(".drop-hint").hidden = false;
  input.addEventListener("change", () => showChosen(form, input));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("is-over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    showChosen(form, input);
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(form); });
}

function showChosen(form, input) {
  const items = [...input.files].map((file) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bytes = document.createElement("span");
    name.textContent = file.name;
    bytes.textContent = size(file.size);
    item.append(name, bytes);
    return item;
  });
  form.querySelector("[data-chosen]").replaceChildren(...items);
}

function send(form) {
  const bar = form.querySelector("[data-progress]");
  const text = form.querySelector("[data-progress-text]");
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    bar.value = event.loaded / event.total;
    text.textContent = event.loaded < event.total
      ? `${size(event.loaded)} of ${size(event.total)}`
      : "All bytes are here. Storing them and making the commit…";
  });
  request.addEventListener("load", () => {
    if (request.status < 300) { location.assign(request.responseURL); return; }
    stop(request.responseXML?.querySelector(".flash-bad, .error-page p:not(.error-code)")?.textContent
      ?? `The hub answered ${request.status}.`);
  });
  request.addEventListener("error", () => stop("The connection broke. Nothing was committed."));
  function stop(message) {
    button.disabled = false;
    bar.hidden = text.hidden = true;
    const fault = document.createElement("div");
    fault.className = "flash flash-bad";
    fault.setAttribute("role", "alert");
    fault.textContent = message;
    document.querySelector("[data-upload-fault]").replaceChildren(fault);
    fault.scrollIntoView({ block: "center" });
  }
  request.open("POST", form.action);
  request.responseType = "document";
  bar.hidden = text.hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
}
