// NumPy's random numbers, bit for bit, so that a seed gives the samples here that it gives in Python: default_rng([seed, index])
// with permutation and float32 standard normal numbers. After O'Neill's PCG64 (XSL-RR 128/64) and seed sequence, and Marsaglia and
// Tsang's ziggurat (2000). And SHA-256 (FIPS 180-4), which names a picture to them: the browser's own is missing without https.

const MASK64 = (1n << 64n) - 1n, MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** NumPy's SeedSequence of non-negative integers (numbers or BigInts): `count` words of 32 bits. */
export function seedWords(entropy, count) {
  const words = entropy.flatMap((value) => {
    const found = [];
    let rest = BigInt(value);
    do { found.push(Number(rest & 0xffffffffn)); rest >>= 32n; } while (rest);
    return found;
  });
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x, y) => {
    const mixed = (Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y)) >>> 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((i) => hash(words[i] ?? 0));
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  for (let from = 4; from < words.length; from++) for (let to = 0; to < 4; to++) pool[to] = mix(pool[to], hash(words[from]));
  let output = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    let value = (pool[i % 4] ^ output) >>> 0;
    output = Math.imul(output, 0x58f38ded) >>> 0;
    value = Math.imul(value, output) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  });
}

// ------------------------------------------------------------------------------------------------------------ ziggurat
const LAYERS = 256, TAIL = 3.6541528853610088, AREA = 0.00492867323399;
const density = (x) => Math.exp(-0.5 * x * x);

/** Per layer: below which 23-bit number a draw is accepted at once, the width of one step, the height of the layer's top. */
function layers() {
  const accepted = new Uint32Array(LAYERS), width = new Float32Array(LAYERS), height = new Float32Array(LAYERS), scale = 2 ** 23;
  let outer = TAIL;
  const base = AREA / density(TAIL);
  accepted[0] = (TAIL / base) * scale;
  width[0] = base / scale;
  height[0] = 1;
  width[LAYERS - 1] = TAIL / scale;
  height[LAYERS - 1] = density(TAIL);
  for (let i = LAYERS - 2; i >= 1; i--) {
    const inner = Math.sqrt(-2 * Math.log(AREA / outer + density(outer)));
    accepted[i + 1] = (inner / outer) * scale;
    width[i] = inner / scale;
    height[i] = density(inner);
    outer = inner;
  }
  return { accepted, width, height };
}
const ZIGGURAT = layers();

// ----------------------------------------------------------------------------------------------------------- generator
/** numpy.random.default_rng(entropy). */
export class Generator {
  constructor(entropy) {
    const words = seedWords(entropy, 8).map(BigInt);
    const [a, b, c, d] = [0, 2, 4, 6].map((i) => words[i] | (words[i + 1] << 32n));
    this.step = ((((c << 64n) | d) << 1n) | 1n) & MASK128;
    this.state = 0n;
    this.advance();
    this.state = (this.state + ((a << 64n) | b)) & MASK128;
    this.advance();
    this.kept = null; // the upper half of a 64-bit number whose lower half was taken
  }

  advance() { this.state = (this.state * MULTIPLIER + this.step) & MASK128; }

  uint64() {
    this.advance();
    const value = (this.state >> 64n) ^ (this.state & MASK64), turn = this.state >> 122n;
    return ((value >> turn) | (value << ((64n - turn) & 63n))) & MASK64;
  }

  uint32() {
    if (this.kept !== null) {
      const kept = this.kept;
      this.kept = null;
      return kept;
    }
    const value = this.uint64();
    this.kept = Number(value >> 32n);
    return Number(value & 0xffffffffn);
  }

  /** An integer from 0 to `most`, both included: the lowest bits that can hold it, drawn until they do not exceed it. */
  upTo(most) {
    const mask = 2 ** Math.ceil(Math.log2(most + 1)) - 1;
    for (;;) {
      const value = (this.uint32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  permutation(count) {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  float() { return (this.uint32() >>> 8) / 2 ** 24; }

  /** standard_normal(count, float32) as a Float32Array. */
  standardNormal(count) {
    const { accepted, width, height } = ZIGGURAT;
    return Float32Array.from({ length: count }, () => {
      for (;;) {
        const bits = this.uint32(), layer = bits & 0xff, size = (bits >>> 9) & 0x7fffff;
        const x = Math.fround(size * width[layer]) * (bits & 0x100 ? -1 : 1);
        if (size < accepted[layer]) return x;
        if (layer > 0) {
          if ((height[layer - 1] - height[layer]) * this.float() + height[layer] < density(x)) return x;
          continue;
        }
        for (;;) {
          const beyond = -Math.log1p(-this.float()) / TAIL, y = -Math.log1p(-this.float());
          if (y + y > beyond * beyond) return (size >>> 8) & 1 ? -(TAIL + beyond) : TAIL + beyond;
        }
      }
    });
  }
}

// ------------------------------------------------------------------------------------------------------------- SHA-256
const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (x) => Math.floor((x - Math.floor(x)) * 2 ** 32);
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)) | 0);
const turned = (x, n) => (x >>> n) | (x << (32 - n));

/** The SHA-256 of bytes (Uint8Array), as eight 32-bit words. */
export function sha256(bytes) {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64), view = new DataView(padded.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0);
  const state = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)) | 0);
  const schedule = new Int32Array(64);
  for (let start = 0; start < padded.length; start += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = view.getInt32(start + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = schedule[i - 15], y = schedule[i - 2];
      schedule[i] = schedule[i - 16] + schedule[i - 7] + (turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)) + (turned(y, 17) ^ turned(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) { // names one by one: an array of eight in each round takes ten times as long
      const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + schedule[i]) | 0;
      const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + first) | 0;
      d = c; c = b; b = a; a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) | 0; });
  }
  return Uint32Array.from(state);
}

/** What identifies a picture to random numbers, as lmnet_utils.models.inference.image_number: a BigInt of 64 bits. */
export function imageNumber(pixels) {
  const [high, low] = sha256(pixels);
  return (BigInt(high) << 32n) | BigInt(low);
}
