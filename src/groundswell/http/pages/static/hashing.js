// A worker: the sha256 of one file after the other, a slice in memory at a time. The page stays quick.
import { Sha256 } from "./sha256.js";

const SLICE_BYTES = 4 << 20;
const PIECE_BYTES = 64 << 10; // short calls: the first ones run before the browser has made them fast
const TELL_MS = 200;

addEventListener("message", async ({ data: { id, file } }) => {
  try {
    postMessage({ id, sha256: await digest(id, file) });
  } catch (error) {
    postMessage({ id, fault: error.name });
  }
});

async function digest(id, file) {
  const hash = new Sha256();
  const read = (at) => file.slice(at, at + SLICE_BYTES).arrayBuffer();
  let told = performance.now();
  let next = read(0);
  for (let at = 0; at < file.size; at += SLICE_BYTES) {
    const bytes = new Uint8Array(await next);
    next = at + SLICE_BYTES < file.size ? read(at + SLICE_BYTES) : null; // while this one is hashed
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      hash.update(bytes.subarray(from, from + PIECE_BYTES));
    }
    if (performance.now() - told < TELL_MS) continue;
    told = performance.now();
    postMessage({ id, readBytes: Math.min(at + SLICE_BYTES, file.size) });
  }
  return hash.hex();
}
