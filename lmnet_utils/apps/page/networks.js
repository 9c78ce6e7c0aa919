// The exported networks in the browser: from a picture's pixels to latents, samples and clouds. What is computed here is what
// lmnet_utils.models.inference and posteriors compute, with the same random numbers.

import { Engine } from "./engine.js";
import { sortedPlaces } from "./groups.js";
import { Generator, imageNumber } from "./random.js";

export const LATENT = 512, POINTS = 2048;

async function fetched(name) {
  const answer = await fetch(new URL(`./networks/${name}`, import.meta.url));
  if (!answer.ok) throw new Error(`${name} is missing beside this page (${answer.status}): make the folder again.`);
  return answer;
}

/** float16 as Uint16Array → Float32Array. */
export function floats(halves) {
  const made = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const bits = halves[i], exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const size = exponent === 31 ? (fraction ? NaN : Infinity) : exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
    made[i] = bits & 0x8000 ? -size : size;
  }
  return made;
}

/** The tensors of a safetensors file of float16: name → Float32Array. */
export function tensors(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__");
  return Object.fromEntries(entries.map(([name, { data_offsets: [from, to] }]) => [name, floats(new Uint16Array(buffer.slice(8 + length + from, 8 + length + to)))]));
}

/** An encoder with its way to draw samples: Variant II's own, or residuals beside an encoder of Variant I. */
export class Encoder {
  constructor(card, network, residuals) {
    Object.assign(this, { card, network, residuals });
    this.kind = residuals ? "residuals" : "variational";
    this.label = card.label + (residuals ? " + residuals" : "");
  }

  /** Pixels (size, size, 3) as bytes → latent mean and σ, 512 each, and of residuals the nearest ones' rows, nearest first. */
  async encode(pixels) {
    const size = Math.sqrt(pixels.length / 3), planes = new Float32Array(pixels.length);
    for (let i = 0; i < size * size; i++) for (let k = 0; k < 3; k++) planes[k * size * size + i] = pixels[3 * i + k];
    const found = await this.network.run(planes, [1, 3, size, size]);
    if (!this.residuals) return { mean: found.mean.data.slice(), sigma: found.log_variance.data.map((value) => Math.exp(0.5 * value)) };
    const mean = found.latent.data.slice(), nearest = this.nearest(mean);
    return { mean, nearest, sigma: this.widths(nearest.slice(0, this.card.residuals.nearest)) };
  }

  /** Rows of the residuals, those whose image's latent is nearest first. */
  nearest(latent) {
    const { predicted } = this.residuals, distances = new Float64Array(predicted.length / LATENT);
    for (let row = 0; row < distances.length; row++) {
      let sum = 0;
      for (let k = 0, at = row * LATENT; k < LATENT; k += 4, at += 4) { // four at a time: one sum waits for the last one otherwise
        const a = predicted[at] - latent[k], b = predicted[at + 1] - latent[k + 1];
        const c = predicted[at + 2] - latent[k + 2], d = predicted[at + 3] - latent[k + 3];
        sum += a * a + b * b + (c * c + d * d);
      }
      distances[row] = sum;
    }
    return sortedPlaces(distances);
  }

  /** Standard deviation of each number of the residuals in some rows. */
  widths(rows) {
    const { residuals } = this.residuals, count = rows.length, made = new Float32Array(LATENT);
    for (let k = 0; k < LATENT; k++) {
      let sum = 0, squares = 0;
      for (let n = 0; n < count; n++) sum += residuals[rows[n] * LATENT + k];
      const mean = sum / count;
      for (let n = 0; n < count; n++) squares += (residuals[rows[n] * LATENT + k] - mean) ** 2;
      made[k] = Math.sqrt(squares / count);
    }
    return made;
  }

  /** Latents (count, 512): mean + temperature · σ · noise, or mean + temperature · residual. `number` identifies the picture. */
  sample({ mean, sigma, nearest }, count, seed, temperature, number) {
    const generator = new Generator([seed, number]), latents = new Float32Array(count * LATENT);
    const noise = this.residuals ? null : generator.standardNormal(count * LATENT);
    const pool = this.residuals ? Math.min(Math.max(count, this.card.residuals.nearest), nearest.length) : 0;
    const order = this.residuals ? generator.permutation(pool) : null;
    for (let n = 0; n < count; n++) {
      for (let k = 0; k < LATENT; k++) {
        const step = noise ? sigma[k] * noise[n * LATENT + k] : this.residuals.residuals[nearest[order[n]] * LATENT + k];
        latents[n * LATENT + k] = mean[k] + temperature * step;
      }
    }
    return latents;
  }
}

/** All networks of the folder: the decoder at once, encoders when they are asked for. */
export class Networks {
  static async open() {
    const made = new Networks();
    const { encoders, webgpu } = await (await fetched("networks.json")).json();
    made.engine = await Engine.open(webgpu);
    made.names = encoders;
    made.cards = await Promise.all(made.names.map(async (name) => (await fetched(`${name}.json`)).json()));
    made.decoder = await made.network("decoder.onnx");
    made.encoders = new Map();
    return made;
  }

  /** The encoder of a name; loaded once. */
  encoder(name) {
    if (!this.encoders.has(name)) this.encoders.set(name, this.load(this.cards[this.names.indexOf(name)]));
    return this.encoders.get(name);
  }

  async load(card) {
    const [network, bank] = await Promise.all([this.network(card.file), card.residuals && fetched(card.residuals.file)]);
    return new Encoder(card, network, bank ? tensors(await bank.arrayBuffer()) : null);
  }

  async network(file) {
    return this.engine.network(new Uint8Array(await (await fetched(file)).arrayBuffer()));
  }

  /** Latents (count, 512) → clouds, one Float32Array (2048, 3) each, in the files' frame. */
  async decode(latents) {
    const { clouds } = await this.decoder.run(latents, [latents.length / LATENT, LATENT]);
    return Array.from({ length: clouds.dims[0] }, (_, n) => clouds.data.slice(n * POINTS * 3, (n + 1) * POINTS * 3));
  }
}

/** Everything that an encoder makes of a picture: {mean, samples, sigma}; clouds in the files' frame. */
export async function reconstructed(networks, encoder, pixels, { samples, seed, temperature }, encoded = null) {
  encoded ??= await encoder.encode(pixels);
  const latents = new Float32Array((1 + samples) * LATENT);
  latents.set(encoded.mean);
  latents.set(encoder.sample(encoded, samples, seed, temperature, imageNumber(pixels)), LATENT);
  const [mean, ...clouds] = await networks.decode(latents);
  return { mean, samples: clouds, sigma: encoded.sigma.reduce((a, b) => a + b) / LATENT };
}

/** From the files' frame (up is −x) to y up: (x, y, z) → (y, −x, z). */
export function upright(cloud) {
  const made = new Float32Array(cloud.length);
  for (let i = 0; i < cloud.length; i += 3) { made[i] = cloud[i + 1]; made[i + 1] = -cloud[i]; made[i + 2] = cloud[i + 2]; }
  return made;
}
