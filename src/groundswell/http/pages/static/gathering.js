// Which files somebody dropped or chose, with their paths: folders are walked. Knows what systems and
// programs leave behind in folders; does not know what the hub would say of a path.
export const FILES_MAX = 10_000;
const DEPTH_MAX = 64;
const LEFT_BEHIND = /^(\.DS_Store|\.git|\._.*|Thumbs\.db|ehthumbs\.db|desktop\.ini|__MACOSX|\.Spotlight-V100|\.Trashes|\.fseventsd|\.directory)$/i;
const CLIENTS_OWN = /(^|\/)\.cache\/huggingface(\/|$)/;

export class Gathered {
  files = []; // {path, file}
  leftOut = [];
  emptyFolders = [];
  isTooMany = false;

  add(path, file) {
    if (isLeftBehind(path)) this.leftOut.push(path);
    else if (this.files.length >= FILES_MAX) this.isTooMany = true;
    else this.files.push({ path, file });
  }
}

function isLeftBehind(path) {
  return path.split("/").some((name) => LEFT_BEHIND.test(name)) || CLIENTS_OWN.test(path);
}

export function ofInput(input) {
  const found = new Gathered();
  for (const file of input.files) found.add(file.webkitRelativePath || file.name, file);
  return found;
}

// The entries have to be taken before the first await: a drop is over after that.
export async function ofDrop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = new Gathered();
  for (const entry of entries) {
    if (entry instanceof File) found.add(entry.name, entry);
    else if (entry) await walk(entry, entry.name, 1, found);
  }
  return found;
}

async function walk(entry, path, depth, found) {
  if (found.isTooMany) return;
  if (entry.isFile) {
    found.add(path, await new Promise((done, failed) => { entry.file(done, failed); }));
    return;
  }
  if (isLeftBehind(path)) { found.leftOut.push(`${path}/`); return; }
  if (depth > DEPTH_MAX) { found.isTooMany = true; return; }
  const reader = entry.createReader();
  let isEmpty = true;
  for (;;) { // a hundred at a time
    const some = await new Promise((done, failed) => { reader.readEntries(done, failed); });
    if (some.length === 0) break;
    isEmpty = false;
    for (const each of some) await walk(each, `${path}/${each.name}`, depth + 1, found);
  }
  if (isEmpty) found.emptyFolders.push(`${path}/`);
}
