// The upload page with scripts: files and folders in a list, how far each one is, stop and go on. Without
// scripts the form itself sends its fields. Knows the page; `uploading` knows what is sent when.
import { FILES_MAX, ofDrop, ofInput } from "./gathering.js";
import { Upload } from "./uploading.js";

const ROWS_MAX = 300;
const NAMED_MAX = 5;
const TELL_MS = 250;
const SAY_MS = 10_000;
const UNITS = ["B", "KB", "MB", "GB", "TB"];
const WORDS = {
  waiting: "waits", refused: "refused", left: "left out", reading: "read", sending: "sent",
  ready: "ready", same: "there already", failed: "failed", done: "committed",
};

function size(bytes) {
  const step = bytes === 0 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}

const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export function watchUpload(form) {
  const page = new UploadPage(form);
  for (const each of form.querySelectorAll("[data-with-scripts]")) each.hidden = false;
  for (const input of [page.part("files"), page.part("folder-files")]) {
    input.required = false;
    const take = () => { page.add(ofInput(input)); input.value = ""; };
    input.addEventListener("change", take);
    if (input.files.length > 0) take(); // chosen before this script was here
  }
  page.part("folders").hidden = !("webkitdirectory" in page.part("folder-files"));
  const drop = form.querySelector("[data-drop]");
  watchDrop(drop, page);
  form.addEventListener("submit", (event) => { event.preventDefault(); page.send(); });
  form.elements.folder.addEventListener("input", () => page.moved());
  page.part("without").addEventListener("change", () => page.moved());
  page.part("stop").addEventListener("click", () => page.upload?.stop());
  page.part("clear").addEventListener("click", () => page.clear());
  addEventListener("beforeunload", (event) => { if (page.upload) event.preventDefault(); });
}

function watchDrop(drop, page) {
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("is-over"));
  }
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    page.say("Looking into the folder…");
    try {
      page.add(await ofDrop(event.dataTransfer));
    } catch {
      page.fail("Some of it cannot be read. Choose it with the button instead.");
    }
  });
}

class UploadPage {
  entries = new Map(); // by path as chosen
  leftOut = [];
  upload = null;
  waits = "";
  #timer = 0;
  #said = 0;

  constructor(form) {
    this.form = form;
    this.submit = form.querySelector("button[type=submit]");
    this.label = this.submit.lastChild;
    this.where = { revision: form.dataset.revision, number: 0 };
  }

  part(name) { return this.form.querySelector(`[data-part=${name}]`); }

  // --- what was chosen -----------------------------------------------------------------------

  add(found) {
    if (this.upload) return;
    this.fail("");
    let twice = 0;
    for (const { path, file } of found.files) {
      twice += this.entries.has(path) ? 1 : 0;
      if (!this.entries.has(path) && this.entries.size >= FILES_MAX) { found.isTooMany = true; break; }
      this.entries.get(path)?.row?.remove();
      this.entries.set(path, { path, file, state: "waiting", note: "" });
    }
    const { leftOut, emptyFolders } = found;
    if (leftOut.length > 0) this.leftOut.push(`${count(leftOut.length, "thing")} that systems and programs leave behind: ${named(leftOut)}`);
    if (emptyFolders.length > 0) this.leftOut.push(`${count(emptyFolders.length, "empty folder")}, which git does not keep: ${named(emptyFolders)}`);
    if (twice > 0) this.leftOut.push(`${count(twice, "file")} chosen before under the same path: the later one counts`);
    if (found.isTooMany) this.leftOut.push(`all beyond ${FILES_MAX.toLocaleString("en")} files or too deep in folders: send such a folder from the command line`);
    this.moved();
  }

  clear() {
    this.entries.clear();
    this.leftOut = [];
    this.where = { revision: this.form.dataset.revision, number: 0 };
    this.fail("");
    this.moved();
    this.part("files").focus();
  }

  // Where each file goes has changed, so what the hub said of it does not count any more.
  moved() {
    const top = this.#top();
    this.part("without").closest("label").hidden = top === "";
    this.part("top").textContent = top;
    const folder = this.form.elements.folder.value.trim().replace(/^\/+|\/+$/g, "");
    const skipped = top && this.part("without").checked ? top.length + 1 : 0;
    for (const entry of this.entries.values()) {
      const target = (folder ? `${folder}/` : "") + entry.path.slice(skipped);
      if (entry.target === target) continue;
      Object.assign(entry, { target, state: "waiting", note: "", mode: null, refusal: null });
    }
    this.draw();
  }

  // The one folder that everything lies in, or "".
  #top() {
    const tops = new Set([...this.entries.keys()].map((path) => (path.includes("/") ? path.split("/")[0] : "")));
    return tops.size === 1 ? [...tops][0] : "";
  }

  // --- the list ------------------------------------------------------------------------------

  draw() {
    const list = this.form.querySelector("[data-chosen]");
    const all = [...this.entries.values()];
    for (const entry of all) entry.row = null;
    const worst = all.filter(isBad);
    const shown = [...worst, ...all.filter((each) => !isBad(each))].slice(0, ROWS_MAX);
    const rows = shown.map((entry) => this.#row(entry));
    if (all.length > shown.length) rows.push(element("li", "", `and ${count(all.length - shown.length, "more file")}`));
    list.replaceChildren(...rows);
    const bytes = all.reduce((sum, entry) => sum + entry.file.size, 0);
    const text = all.length > 0 ? `${count(all.length, "file")}, ${size(bytes)}` : "";
    this.part("total").textContent = text;
    const ignored = all.filter((entry) => entry.state === "left").map((entry) => entry.path);
    const left = ignored.length > 0 ? [...this.leftOut, `${count(ignored.length, "file")} that .gitignore names: ${named(ignored)}`] : this.leftOut;
    this.part("left-out").hidden = left.length === 0;
    this.part("left-out").replaceChildren(element("strong", "", "Left out:"), ...left.map((each) => element("p", "", `${each}.`)));
    this.part("clear").hidden = all.length === 0 || this.upload !== null;
    if (!this.upload) this.say([text, ...left].join(". "));
    const refused = all.filter((entry) => entry.state === "refused").length;
    const begun = all.some((entry) => entry.sha256 || entry.state === "done");
    this.label.textContent = refused > 0 ? `Upload the other ${all.length - refused}` : begun ? "Go on" : "Upload";
    if (this.upload) this.label.textContent = "Uploading…";
  }

  #row(entry) {
    const row = element("li", "", "");
    row.append(element("bdi", "chosen-path", entry.target), element("span", "chosen-size", size(entry.file.size)), element("span", "chosen-state", ""));
    if (!this.upload && entry.state !== "done") {
      const button = element("button", "link-button", "Leave out");
      button.type = "button";
      button.append(element("span", "unseen", ` ${entry.target}`));
      button.addEventListener("click", () => this.#leaveOut(entry, row));
      row.append(button);
    }
    entry.row = row;
    this.#show(entry);
    return row;
  }

  #leaveOut(entry, row) {
    const near = [...row.parentElement.children].indexOf(row);
    this.entries.delete(entry.path);
    this.moved();
    const next = this.form.querySelectorAll("[data-chosen] button");
    (next[Math.min(near, next.length - 1)] ?? this.part("files")).focus();
  }

  #show(entry) {
    if (!entry.row) return;
    const share = { reading: entry.readBytes, sending: entry.sentBytes }[entry.state];
    const percent = share !== undefined ? ` ${Math.floor((100 * share) / entry.file.size)} %` : "";
    entry.row.dataset.state = entry.state;
    entry.row.querySelector(".chosen-state").textContent = `${WORDS[entry.state]}${percent}${entry.note ? `: ${entry.note}` : ""}`;
  }

  // --- sending -------------------------------------------------------------------------------

  async send() {
    if (this.upload) return;
    const entries = [...this.entries.values()];
    if (entries.length === 0) { this.fail("Choose at least one file."); return; }
    this.fail("");
    const first = entries.find((entry) => entry.state !== "refused")?.target;
    const { summary, how } = this.form.elements;
    const { api, repo } = this.form.dataset;
    this.upload = new Upload({
      api, repo, where: this.where,
      onChange: (entry) => this.#changed(entry),
      onWait: (error, seconds) => { this.waits = error ? `${error.message} The next try is in ${seconds} s.` : ""; this.#tell(true); },
    });
    this.#switch(true);
    try {
      const committed = await this.upload.run(entries, {
        summary: summary.value.trim() || (entries.length === 1 ? `Upload ${first}` : `Upload ${entries.length} files`),
        proposes: how.value === "propose",
      });
      this.upload = null;
      this.#finish(committed);
    } catch (error) {
      this.upload = null;
      this.#switch(false);
      this.fail(this.#reason(error));
    }
  }

  #finish(committed) {
    const { repo, revision } = this.form.dataset;
    const { number } = this.where;
    if (committed === 0 && ![...this.entries.values()].some((entry) => entry.state === "done")) {
      this.#switch(false);
      this.say("Everything is there already: there is nothing to commit.");
      this.part("progress-text").textContent = this.part("said").textContent;
      this.part("progress-text").hidden = false;
      return;
    }
    const folder = this.form.elements.folder.value.trim().replace(/^\/+|\/+$/g, "");
    const below = folder ? `/${folder.split("/").map(encodeURIComponent).join("/")}` : "";
    location.assign(number > 0
      ? `${repo}/discussions/${number}?note=proposed`
      : this.form.dataset.then ||`${repo}/tree/${encodeURIComponent(revision)}${below}?note=uploaded`);
  }

  #reason(error) {
    const states = [...this.entries.values()].map((entry) => entry.state);
    const nothing = states.includes("done") ? "" : " Nothing was committed.";
    const again = `${nothing} “Go on” sends what is missing.`;
    if (error.message === "refused") return `The hub refuses ${count(states.filter((each) => each === "refused").length, "name")}, see the list. Nothing was sent. Rename or leave them out, or upload the others.`;
    if (error.message === "failed") return `${count(states.filter((each) => each === "failed").length, "file")} could not be sent, see the list.${again}`;
    if (error.name === "AbortError") return `Stopped.${again}`;
    if (error.status === 401) return `You are signed out. Sign in in another tab.${again}`;
    return `${error.message}${again}`;
  }

  #switch(isRunning) {
    for (const each of this.form.querySelectorAll("fieldset, input, button[type=submit]")) each.disabled = isRunning;
    this.part("stop").hidden = !isRunning;
    for (const name of ["progress", "progress-text"]) this.part(name).hidden = !isRunning;
    this.waits = "";
    clearInterval(this.#timer);
    if (isRunning) this.#timer = setInterval(() => this.#tell(false), TELL_MS);
    this.draw();
    (isRunning ? this.part("stop") : this.submit).focus();
  }

  #changed(entry) {
    if (isBad(entry) && !entry.row) this.draw();
    this.#show(entry);
  }

  // How far all of it is: seen four times a second, said every ten seconds.
  #tell(isNews) {
    let all = 0;
    let read = 0;
    let sent = 0;
    for (const entry of this.entries.values()) {
      if (entry.mode !== "lfs" || ["left", "refused", "same", "done"].includes(entry.state)) continue;
      all += entry.file.size;
      read += entry.readBytes ?? 0;
      sent += entry.sentBytes ?? 0;
    }
    this.part("progress").value = all > 0 ? (read + sent) / (2 * all) : 0;
    const speed = this.upload?.speed() ?? 0;
    const left = speed > 0 ? ` · ${size(speed)}/s · about ${duration((all - sent) / speed)} left` : "";
    const text = this.waits || (sent < all ? `${size(sent)} of ${size(all)} sent${left}`
      : all > 0 ? "All bytes are there. Making the commit…" : "Asking the hub and making the commit…");
    this.part("progress-text").textContent = text;
    const now = performance.now();
    if (isNews || now - this.#said > SAY_MS) { this.#said = now; this.say(text); }
  }

  say(text) { this.part("said").textContent = text; }

  fail(message) {
    const place = document.querySelector("[data-upload-fault]");
    if (!message) { place.replaceChildren(); return; }
    const fault = element("div", "flash flash-bad", message);
    fault.setAttribute("role", "alert");
    place.replaceChildren(fault);
    fault.scrollIntoView({ block: "center" });
  }
}

function isBad(entry) { return entry.state === "refused" || entry.state === "failed"; }

function named(paths) {
  const more = paths.length - NAMED_MAX;
  return paths.slice(0, NAMED_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
