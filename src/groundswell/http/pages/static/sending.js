// The hub's own public protocols, spoken from a page: preupload and commit of the API, and Git LFS, in
// parts where a file is large. The cookie says who sends; the signed addresses say what. Does not know
// the page.
const FILES_OF_PREUPLOAD = 256;
const SAMPLE_BYTES = 512;
const REFUSED_MAX = 20;
const IN_PARTS_BYTES = 100e6;
const AT_ONCE = 4;
const TRIES = 6;
const WAIT_MS_MAX = 30_000;
const SILENT_MS = 90_000; // while bytes are sent
const THINKING_MS = 900_000; // until the hub has stored them
const PARTS_KEPT_MS = 24 * 3600e3;
const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

// What the hub answered, or, with status 0, that the connection broke.
export class Refused extends Error {
  constructor(status, message, waitSeconds = 0) {
    super(message);
    this.status = status;
    this.waitSeconds = waitSeconds;
  }

  get isPassing() { return PASSING.has(this.status); }
}

export class Sender {
  wireBytes = 0;
  firstAt = 0;
  #places = AT_ONCE;
  #waiting = [];

  constructor({ api, repo, signal, onWait }) {
    Object.assign(this, { api, repo, signal, onWait });
  }

  // --- requests ------------------------------------------------------------------------------

  request(method, url, body, { type, onSent } = {}) {
    return new Promise((done, failed) => {
      const { signal } = this;
      if (signal.aborted) { failed(signal.reason); return; }
      const asking = new XMLHttpRequest();
      let silence = 0;
      const stop = () => asking.abort();
      const broke = () => failed(signal.aborted ? signal.reason : new Refused(0, "The connection broke."));
      const watch = (ms) => { clearTimeout(silence); silence = setTimeout(stop, ms); };
      let before = 0;
      asking.upload.addEventListener("progress", ({ loaded }) => {
        watch(SILENT_MS);
        if (!onSent) return;
        this.firstAt ||= performance.now();
        this.wireBytes += loaded - before;
        before = loaded;
        onSent(loaded);
      });
      asking.upload.addEventListener("load", () => watch(THINKING_MS));
      asking.addEventListener("load", () => (asking.status < 300 ? done(asking) : failed(refusal(asking))));
      asking.addEventListener("error", broke);
      asking.addEventListener("abort", broke);
      asking.addEventListener("loadend", () => {
        clearTimeout(silence);
        signal.removeEventListener("abort", stop);
      });
      signal.addEventListener("abort", stop);
      // The page's own origin, by whatever name the hub calls itself.
      const { pathname, search } = new URL(url, location.href);
      asking.open(method, pathname + search);
      if (type) asking.setRequestHeader("Content-Type", type);
      watch(SILENT_MS);
      asking.send(body);
    });
  }

  async json(url, value) {
    const body = JSON.stringify(value);
    const asking = await this.request("POST", url, body, { type: "application/json" });
    return JSON.parse(asking.responseText);
  }

  // Again, a little later each time, while what went wrong may pass.
  async persist(work) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Refused) || !error.isPassing || error.isSpent) throw error;
        if (tries === TRIES) { error.isSpent = true; throw error; } // not once more further out
        const seconds = Math.min(WAIT_MS_MAX, 1000 * 2 ** (tries - 1)) / 1000;
        await this.#pause(error, Math.max(seconds, Math.min(error.waitSeconds, 60)));
      }
    }
  }

  // Ends early when the browser is connected again; while it knows that it is not, it waits on.
  async #pause(error, seconds) {
    this.onWait(error, seconds);
    await new Promise((done, failed) => {
      let isLate = false;
      const look = () => { if (isLate && navigator.onLine) end(done); };
      const timer = setTimeout(() => { isLate = true; look(); }, seconds * 1000);
      const online = () => { isLate = true; look(); };
      const stop = () => end(() => failed(this.signal.reason));
      const end = (how) => {
        clearTimeout(timer);
        removeEventListener("online", online);
        this.signal.removeEventListener("abort", stop);
        how();
      };
      addEventListener("online", online);
      this.signal.addEventListener("abort", stop);
    });
    this.onWait(null, 0);
  }

  async #inPlace(work) {
    while (this.#places === 0) await new Promise((done) => { this.#waiting.push(done); });
    this.#places -= 1;
    try {
      return await work();
    } finally {
      this.#places += 1;
      this.#waiting.shift()?.();
    }
  }

  // --- which files go where ------------------------------------------------------------------

  // Sets what the hub says of each entry's target: `mode`, `isIgnored`, `oid`, or `refusal`.
  async check(entries, revision, rules) {
    let refused = 0;
    const ask = async (some) => {
      if (some.length === 0 || refused >= REFUSED_MAX) return;
      const files = await Promise.all(some.map(told));
      const url = `${this.api}/preupload/${encodeURIComponent(revision)}`;
      try {
        const answer = await this.persist(() => this.json(url, { files, ...rules }));
        answer.files.forEach((file, place) => {
          const { uploadMode: mode, shouldIgnore: isIgnored, oid } = file;
          Object.assign(some[place], { mode, isIgnored, oid });
        });
      } catch (error) {
        if (error.status !== 422) throw error;
        if (some.length === 1) {
          some[0].refusal = error.message;
          refused += 1;
          return;
        }
        const middle = some.length >> 1; // one of them: which?
        await ask(some.slice(0, middle));
        await ask(some.slice(middle));
      }
    };
    for (let at = 0; at < entries.length; at += FILES_OF_PREUPLOAD) {
      await ask(entries.slice(at, at + FILES_OF_PREUPLOAD));
    }
  }

  // --- large files ---------------------------------------------------------------------------

  // Send what the hub does not have; `onEach(entry, error)` says how each one ended.
  async sendAll(entries, onEach) {
    const byWay = [entries.filter((each) => !inParts(each)), entries.filter(inParts)];
    const answers = new Map();
    for (const some of byWay) {
      if (some.length === 0) continue;
      const told = await this.persist(() => this.#batch(some));
      told.forEach((object) => answers.set(object.oid, object));
    }
    const once = new Map(entries.map((entry) => [entry.sha256, entry]));
    await Promise.all([...once.values()].map(async (entry) => {
      let fault = null;
      try {
        await this.#send(entry, answers.get(entry.sha256));
      } catch (error) {
        if (!(error instanceof Refused) || error.isPassing || [401, 403].includes(error.status)) throw error;
        fault = error;
      }
      for (const each of entries) if (each.sha256 === entry.sha256) onEach(each, fault);
    }));
  }

  async #batch(entries) {
    const answer = await this.json(`${this.repo}.git/info/lfs/objects/batch`, {
      operation: "upload",
      transfers: inParts(entries[0]) ? ["multipart"] : ["basic"],
      objects: entries.map((entry) => ({ oid: entry.sha256, size: entry.file.size })),
      hash_algo: "sha256",
    });
    return answer.objects;
  }

  // After a break the hub is asked anew: the bytes may be there, though its answer was lost.
  async #send(entry, first) {
    let object = first;
    await this.persist(async () => {
      object ??= (await this.#batch([entry]))[0];
      const { error, actions } = object;
      object = null;
      if (error) throw new Refused(error.code, error.message);
      if (!actions) return;
      const { href, header } = actions.upload;
      if (header?.chunk_size) await this.#sendParts(entry, href, header);
      else await this.#put(href, entry.file, (bytes) => entry.onSent(bytes));
    });
    entry.onSent(entry.file.size);
  }

  #put(href, content, onSent) {
    const type = "application/octet-stream";
    return this.#inPlace(() => this.request("PUT", href, content, { type, onSent }));
  }

  async #sendParts(entry, href, header) {
    const bytes = Number(header.chunk_size);
    const urls = Object.keys(header).filter((name) => name !== "chunk_size").sort().map((name) => header[name]);
    const kept = new KeptParts(href);
    const sent = urls.map(() => 0);
    const tell = (place, count) => {
      sent[place] = count;
      entry.onSent(sent.reduce((sum, each) => sum + each, 0));
    };
    await Promise.all(urls.map(async (url, place) => {
      const part = entry.file.slice(place * bytes, (place + 1) * bytes);
      if (!kept.etags[place]) {
        const asked = await this.persist(() => this.#put(url, part, (count) => tell(place, count)));
        kept.keep(place, asked.getResponseHeader("ETag").replaceAll('"', ""));
      }
      tell(place, part.size);
    }));
    const parts = urls.map((_, place) => ({ partNumber: place + 1, etag: kept.etags[place] }));
    try {
      await this.json(href, { oid: entry.sha256, parts });
    } catch (error) {
      // What was remembered is not so: the next try begins with nothing.
      if (error.status !== 404 && error.status !== 422) throw error;
      kept.forget();
      throw new Refused(0, error.message);
    }
    kept.forget();
  }

  // --- the commit ----------------------------------------------------------------------------

  async commit({ revision, summary, entries, createsPullRequest }) {
    const lines = [line("header", { summary, description: "" })];
    for (const entry of entries) {
      const { target: path, file, sha256: oid } = entry;
      if (entry.mode === "lfs") lines.push(line("lfsFile", { path, algo: "sha256", oid, size: file.size }));
      else lines.push(line("file", { path, encoding: "base64", content: await base64(file) }));
    }
    const query = createsPullRequest ? "?create_pr=1" : "";
    const url = `${this.api}/commit/${encodeURIComponent(revision)}${query}`;
    const body = new Blob(lines);
    const send = () => this.request("POST", url, body, { type: "application/x-ndjson" });
    // The same commit again changes nothing; the same proposal again would be a second one.
    const asked = await this.persist(async () => {
      try {
        return await send();
      } catch (error) {
        if (!createsPullRequest || error.status !== 0) throw error;
        throw new Refused(-1, "The connection broke while the pull request was opened. Look whether it is there before you try again.");
      }
    });
    return JSON.parse(asked.responseText);
  }
}

// ETags of parts that arrived, kept by the browser: after a reload only the missing ones are sent.
class KeptParts {
  constructor(href) {
    KeptParts.#forgetOld();
    this.key = `parts:${new URL(href, location.href).pathname.split("/").pop()}`;
    this.etags = JSON.parse(localStorage.getItem(this.key) ?? "{}").etags ?? {};
  }

  keep(place, etag) {
    this.etags[place] = etag;
    localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), etags: this.etags }));
  }

  forget() { localStorage.removeItem(this.key); }

  static #forgetOld() {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith("parts:"))) {
      const age = Date.now() - JSON.parse(localStorage.getItem(key)).at;
      if (age > PARTS_KEPT_MS) localStorage.removeItem(key);
    }
  }
}

function inParts(entry) {
  return entry.file.size > IN_PARTS_BYTES;
}

function refusal(asking) {
  let message = `The hub answered ${asking.status}.`;
  try {
    const told = JSON.parse(asking.responseText);
    message = told.error ?? told.message ?? message;
  } catch {
    message = asking.getResponseHeader("X-Error-Message") ?? message;
  }
  return new Refused(asking.status, message, Number(asking.getResponseHeader("Retry-After")) || 0);
}

function line(key, value) {
  return `${JSON.stringify({ key, value })}\n`;
}

async function told({ target, file }) {
  return { path: target, size: file.size, sample: await base64(file.slice(0, SAMPLE_BYTES)) };
}

function base64(blob) {
  if (blob.size === 0) return "";
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}
