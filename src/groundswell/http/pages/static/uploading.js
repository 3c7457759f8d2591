// From files to a commit: ask where each belongs, read and send the large ones, commit. What is done is
// noted on each entry, so that the same call goes on where the last one stopped. Does not know the page.
import { Refused, Sender } from "./sending.js";

const GROUP_FILES = 100;
const GROUP_BYTES = 256e6;
const COMMIT_FILES = 2_000;
const COMMIT_BYTES = 64e6; // of contents that travel inside the commit

// States of an entry: waiting, refused, left (out), reading, sending, ready, same, failed, done.
export class Upload {
  // `where` is {revision, number}: once a pull request is open, what follows goes to its number.
  constructor({ api, repo, where, onChange, onWait }) {
    this.controller = new AbortController();
    const { signal } = this.controller;
    Object.assign(this, { repo, where, onChange, signal, fault: null });
    this.sender = new Sender({ api, repo, signal, onWait });
  }

  stop() { this.controller.abort(); }

  // Bytes of files a second since the first one went out; 0 while that says nothing.
  speed() {
    const { wireBytes, firstAt } = this.sender;
    const seconds = (performance.now() - firstAt) / 1000;
    return firstAt > 0 && seconds > 1 ? wireBytes / seconds : 0;
  }

  // How many files were committed. Raises when it stops before that.
  async run(entries, { summary, proposes }) {
    try {
      await this.#check(entries);
      const wanted = entries.filter((entry) => entry.mode && !["left", "refused", "done"].includes(entry.state));
      await this.#bring(wanted);
      if (wanted.some((entry) => entry.state === "failed")) throw new Error("failed");
      const news = wanted.filter((entry) => entry.state === "ready");
      if (news.length > 0) await this.#commit(news, summary, proposes);
      return news.length;
    } catch (error) {
      throw this.fault ?? error;
    } finally {
      this.stop();
      this.worker?.terminate();
    }
  }

  #set(entry, state, note = "") {
    Object.assign(entry, { state, note });
    this.onChange(entry);
  }

  async #check(entries) {
    const open = entries.filter((entry) => !entry.mode && entry.state !== "refused");
    const rules = await this.#rules(entries);
    await this.sender.check(open, this.where.revision, rules);
    for (const entry of open) {
      if (entry.refusal) this.#set(entry, "refused", entry.refusal);
      else if (entry.isIgnored) this.#set(entry, "left", ".gitignore");
    }
    if (open.some((entry) => entry.state === "refused")) throw new Error("refused");
  }

  // The hub reads rules of what is committed; those that come along are told to it.
  async #rules(entries) {
    const found = {};
    const attributes = entries.find((entry) => entry.target === ".gitattributes");
    if (attributes) found.gitAttributes = await attributes.file.text();
    const ignores = entries.filter((entry) => /(^|\/)\.gitignore$/.test(entry.target) && entry.file.size < 1e5);
    if (ignores.length === 0) return found;
    ignores.sort((one, other) => one.target.split("/").length - other.target.split("/").length);
    const texts = ignores[0].target === ".gitignore" ? [] : [await this.#committedIgnore()];
    for (const { target, file } of ignores) texts.push(rulesBelow(target.slice(0, -".gitignore".length), await file.text()));
    return { ...found, gitIgnore: texts.join("\n") };
  }

  async #committedIgnore() {
    try {
      const url = `${this.repo}/resolve/${encodeURIComponent(this.where.revision)}/.gitignore`;
      return (await this.sender.persist(() => this.sender.request("GET", url))).responseText;
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return "";
      throw error;
    }
  }

  async #bring(entries) {
    for (const entry of entries) {
      if (!["ready", "same"].includes(entry.state)) this.#set(entry, "waiting");
    }
    const large = entries.filter((entry) => entry.mode === "lfs" && entry.state === "waiting");
    let sending = Promise.resolve();
    for (const group of groups(large, GROUP_FILES, GROUP_BYTES)) {
      for (const entry of group) await this.#read(entry);
      await sending; // one group is sent while the next one is read
      const unknown = group.filter((entry) => entry.state === "sending");
      sending = this.sender.sendAll(unknown, (entry, error) => {
        this.#set(entry, error ? "failed" : "ready", error?.message);
      });
      sending.catch((error) => { this.fault ??= error; this.stop(); });
    }
    await sending;
    for (const entry of entries.filter((each) => each.mode === "regular" && each.state === "waiting")) {
      const isSame = entry.oid && entry.oid === await blobId(entry.file);
      this.#set(entry, isSame ? "same" : "ready");
    }
  }

  async #read(entry) {
    this.signal.throwIfAborted();
    entry.sentBytes = 0;
    entry.onSent = (bytes) => { entry.sentBytes = bytes; this.onChange(entry); };
    if (!entry.sha256) {
      this.#set(entry, "reading");
      const { sha256, fault } = await this.#digest(entry);
      if (fault) { this.#set(entry, "failed", "It cannot be read, or was changed since it was chosen."); return; }
      entry.sha256 = sha256;
    }
    entry.readBytes = entry.file.size;
    this.#set(entry, entry.oid === entry.sha256 ? "same" : "sending");
  }

  #digest(entry) {
    this.worker ??= new Worker(new URL("./hashing.js", import.meta.url), { type: "module" });
    return new Promise((done, failed) => {
      this.signal.addEventListener("abort", () => failed(this.signal.reason), { once: true });
      this.worker.onerror = () => done({ fault: "worker" });
      this.worker.onmessage = ({ data }) => {
        if (data.readBytes === undefined) { done(data); return; }
        entry.readBytes = data.readBytes;
        this.onChange(entry);
      };
      this.worker.postMessage({ file: entry.file });
    });
  }

  async #commit(entries, summary, proposes) {
    const parts = [...groups(entries, COMMIT_FILES, COMMIT_BYTES, (each) => (each.mode === "lfs" ? 0 : each.file.size))];
    for (const [place, part] of parts.entries()) {
      const told = await this.sender.commit({
        revision: this.where.revision,
        summary: parts.length > 1 ? `${summary} (${place + 1} of ${parts.length})` : summary,
        entries: part,
        createsPullRequest: proposes && this.where.number === 0,
      });
      const opened = /\/discussions\/(\d+)$/.exec(told.pullRequestUrl ?? "");
      if (opened) { // the others go there too
        this.where.number = Number(opened[1]);
        this.where.revision = `refs/pr/${opened[1]}`;
      }
      for (const entry of part) this.#set(entry, "done");
    }
  }
}

function* groups(entries, filesMax, bytesMax, sizeOf = (entry) => entry.file.size) {
  let group = [];
  let bytes = 0;
  for (const entry of entries) {
    if (group.length > 0 && (group.length >= filesMax || bytes + sizeOf(entry) > bytesMax)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(entry);
    bytes += sizeOf(entry);
  }
  if (group.length > 0) yield group;
}

// The rules of a folder's .gitignore, as the one at the top would write them.
function rulesBelow(folder, text) {
  if (folder === "") return text;
  const here = folder.replace(/[\\*?[\]]/g, "\\$&");
  return text.split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#")).map((line) => {
    const sign = line.startsWith("!") ? "!" : "";
    const rule = line.slice(sign.length);
    const isAnchored = rule.replace(/\/\s*$/, "").includes("/");
    return `${sign}/${here}${isAnchored ? "" : "**/"}${rule.replace(/^\//, "")}`;
  }).join("\n");
}

// What git calls a file of this content. Without https browsers have no digest: then it is sent.
async function blobId(file) {
  if (!globalThis.crypto?.subtle) return null;
  const bytes = await new Blob([`blob ${file.size}\0`, file]).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
