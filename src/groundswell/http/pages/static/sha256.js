// SHA-256 of what comes in pieces (FIPS 180-4). The browser's own digest wants all bytes at once, and
// exists only with https: a model does not fit into memory, and many hubs stand in a lab without TLS.

// The first 32 bits behind the point of the square roots of 8 primes, and the cube roots of 64.
const PRIMES = [];
for (let number = 2; PRIMES.length < 64; number += 1) {
  if (PRIMES.every((prime) => number % prime)) PRIMES.push(number);
}
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => bits(Math.sqrt(prime)));
const ROUND = Int32Array.from(PRIMES, (prime) => bits(Math.cbrt(prime)));
const BLOCK_BYTES = 64;

function bits(root) {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(64);
  #rest = new Uint8Array(BLOCK_BYTES);
  #restBytes = 0;
  #sizeBytes = 0;

  update(bytes) {
    this.#sizeBytes += bytes.length;
    let at = 0;
    if (this.#restBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.#restBytes, bytes.length);
      this.#rest.set(bytes.subarray(0, at), this.#restBytes);
      this.#restBytes += at;
      if (this.#restBytes < BLOCK_BYTES) return;
      blocks(this.#state, this.#words, ROUND, this.#rest, 0, BLOCK_BYTES);
      this.#restBytes = 0;
    }
    const end = at + Math.floor((bytes.length - at) / BLOCK_BYTES) * BLOCK_BYTES;
    blocks(this.#state, this.#words, ROUND, bytes, at, end);
    this.#rest.set(bytes.subarray(end));
    this.#restBytes = bytes.length - end;
  }

  // The digest in hexadecimal. Nothing may be added afterwards.
  hex() {
    const size = this.#sizeBytes;
    const end = new Uint8Array(this.#restBytes < 56 ? 64 : 128);
    end.set(this.#rest.subarray(0, this.#restBytes));
    end[this.#restBytes] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(size / 2 ** 29));
    view.setUint32(end.length - 4, (size * 8) >>> 0);
    blocks(this.#state, this.#words, ROUND, end, 0, end.length);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

// Each addition is cut to 32 bits at once: sums of three or more are kept as floating point numbers,
// and hashing takes twice as long.
function blocks(state, w, round, bytes, from, to) {
  let s0 = state[0], s1 = state[1], s2 = state[2], s3 = state[3];
  let s4 = state[4], s5 = state[5], s6 = state[6], s7 = state[7];
  for (let at = from; at < to; at = (at + BLOCK_BYTES) | 0) {
    for (let i = 0, b = at; i < 16; i += 1, b += 4) {
      w[i] = (bytes[b] << 24) | (bytes[b + 1] << 16) | (bytes[b + 2] << 8) | bytes[b + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const low = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const high = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (((w[i - 16] + w[i - 7]) | 0) + ((low + high) | 0)) | 0;
    }
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    for (let i = 0; i < 64; i += 1) {
      const high = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const low = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const known = (h + ((round[i] + w[i]) | 0)) | 0;
      const one = (((known + high) | 0) + (g ^ (e & (f ^ g)))) | 0;
      const two = (low + ((a & b) | (c & (a | b)))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    s0 = (s0 + a) | 0; s1 = (s1 + b) | 0; s2 = (s2 + c) | 0; s3 = (s3 + d) | 0;
    s4 = (s4 + e) | 0; s5 = (s5 + f) | 0; s6 = (s6 + g) | 0; s7 = (s7 + h) | 0;
  }
  state[0] = s0; state[1] = s1; state[2] = s2; state[3] = s3;
  state[4] = s4; state[5] = s5; state[6] = s6; state[7] = s7;
}
