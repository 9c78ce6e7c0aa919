// From a picture to a network's input: the object cut out and placed as in training. The same steps with the same numbers as
// lmnet_utils/apps/cutouts.py and placing.py, which say why; the browser tests hold the two together. A picture is
// {width, height, data}: RGBA, straight alpha, as of a canvas.

import { blurred, dilated, eroded, filled, maximum, median, parts, resized, steepnessSquared, watershed } from "./raster.js";

/** A picture cannot be used; the message says why and what to do. */
export class PictureError extends Error {}

/** Tell the object from its background: {mask: Float32Array in 0…1, method}. `drawn` is a mask drawn by hand, which comes first. */
export function cutOut(picture, texts, drawn = null) {
  const { width, height, data } = picture;
  let mask, method;
  if (drawn) [mask, method] = [Float32Array.from(drawn), "hand"];
  else if (hasAlpha(data)) [mask, method] = [filled(Float32Array, width * height, (i) => data[4 * i + 3] / 255), "alpha"];
  else {
    const { mask: found, plainness } = plainBackground(onWhite(data), width, height);
    if (plainness < 0.5) throw new PictureError(texts.not_plain.replace("{share}", Math.round(100 * plainness)));
    [mask, method] = [found, "plain background"];
  }
  const trusted = method !== "plain background";
  mask = mainParts(mask, width, height, trusted ? 0.01 : 0.05);
  let covered = 0;
  for (const value of mask) if (value > 0.5) covered++;
  if (!covered) throw new PictureError(texts.no_object);
  if (!trusted && covered > 0.97 * mask.length) throw new PictureError(texts.no_background);
  return { mask, method };
}

export function hasAlpha(data) {
  let clear = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] < 128) clear++;
  return clear > 0.001 * (data.length / 4);
}

function onWhite(data) {
  const made = [0, 1, 2].map(() => new Float32Array(data.length / 4));
  for (let i = 0; i < made[0].length; i++) {
    const alpha = data[4 * i + 3] / 255;
    for (let k = 0; k < 3; k++) made[k][i] = Math.round(data[4 * i + k] * alpha + 255 * (1 - alpha));
  }
  return made;
}

// ----------------------------------------------------------------------------------------------------- plain background
/** Three channels before one colour, or a smooth change of it, with soft shadows → mask, and the share of the border that fits. */
export function plainBackground(channels, width, height, side = 512) {
  const scale = Math.min(1, side / Math.max(height, width));
  const w = Math.max(1, Math.round(width * scale)), h = Math.max(1, Math.round(height * scale));
  const lab = cielab(channels.map((channel) => resized(channel, width, height, w, h))).map((channel) => blurred(channel, w, h, 0.7));
  const { model, noise, plainness } = borderModel(lab, w, h);
  const count = w * h, [l, a, b] = lab, [ml, ma, mb] = model;
  const distance = filled(Float64Array, count, (i) => length(l[i] - ml[i], a[i] - ma[i], b[i] - mb[i]));
  const near = Math.min(20, Math.max(5, 3 * noise)); // of ΔE; 2.3 is just noticeable
  const [sl, sa, sb] = lab.map((channel) => steepnessSquared(channel, w, h));
  const steepness = filled(Float64Array, count, (i) => Math.sqrt(sl[i] + sa[i] + sb[i]));
  const behind = filled(Uint8Array, count, (i) => distance[i] < near);
  const shadow = shadows({ darkening: darkening(lab, model), distance, steepness, behind, w, h });
  const marks = filled(Uint8Array, count, (i) => (behind[i] || shadow[i] ? 1 : distance[i] > 2 * near ? 2 : 0));
  if (!marks.includes(2)) return { mask: new Float32Array(width * height), plainness };
  const levels = filled(Int32Array, count, (i) => Math.round(Math.min(65535, steepness[i] * 10)));
  const flooded = watershed(levels, marks, w, h), whole = withoutSpecks(filled(Uint8Array, count, (i) => flooded[i] === 2), w, h);
  const large = resized(withoutMixedRim(whole, distance, w, h), w, h, width, height);
  return { mask: filled(Float32Array, large.length, (i) => large[i] > 0.5), plainness };
}

const length = (x, y, z) => Math.sqrt(x * x + y * y + z * z);

/** sRGB channels, 0…255 → CIELAB channels under D65. */
function cielab(channels) {
  const made = channels.map((channel) => new Float64Array(channel.length));
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const root = (ratio) => (ratio > (6 / 29) ** 3 ? Math.cbrt(ratio) : ratio / (3 * (6 / 29) ** 2) + 4 / 29);
  for (let i = 0; i < channels[0].length; i++) {
    const r = linear(channels[0][i] / 255), g = linear(channels[1][i] / 255), b = linear(channels[2][i] / 255);
    const x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = root(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = root((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    made[0][i] = 116 * y - 16;
    made[1][i] = 500 * (x - y);
    made[2][i] = 200 * (y - z);
  }
  return made;
}

/** The background as a quadratic fitted robustly to the border, its noise (ΔE), and the share of the border that fits. */
function borderModel(lab, w, h) {
  const thickness = Math.max(2, Math.round(0.03 * Math.max(h, w))), border = [];
  const place = (i, count) => (count > 1 ? -1 + (2 * i) / (count - 1) : -1);
  const terms = (i) => { const x = place(i % w, w), y = place(Math.floor(i / w), h); return [1, x, y, x * x, x * y, y * y]; };
  for (let i = 0; i < w * h; i++) {
    const x = i % w, y = (i - x) / w;
    if (x < thickness || y < thickness || x >= w - thickness || y >= h - thickness) border.push(i);
  }
  const here = border.map(terms), seen = border.map((i) => lab.map((channel) => channel[i]));
  const middle = [0, 1, 2].map((k) => median(seen.map((colour) => colour[k])));
  const apart = seen.map(([l, a, b]) => length(l - middle[0], a - middle[1], b - middle[2]));
  const limitFirst = Math.max(quantile(apart, 0.7), 4); // begin with the commonest colour
  let kept = apart.map((value) => value <= limitFirst), fit, noise, residual, limit;
  for (let round = 0; round < 10; round++) {
    fit = leastSquares(here, seen, kept);
    residual = seen.map(([l, a, b], i) => length(l - dot(here[i], fit[0]), a - dot(here[i], fit[1]), b - dot(here[i], fit[2])));
    noise = Math.min(5, Math.max(0.5, median(residual.filter((_, i) => kept[i]))));
    limit = 4 * noise + 2;
    const next = residual.map((value) => value < limit);
    if (next.every((value, i) => value === kept[i])) break;
    kept = next;
    if (kept.filter(Boolean).length < 12) break;
  }
  const model = fit.map(([one, ax, ay, xx, xy, yy]) => filled(Float64Array, w * h, (i) => {
    const x = place(i % w, w), y = place(Math.floor(i / w), h);
    return one + ax * x + ay * y + xx * x * x + xy * x * y + yy * y * y;
  }));
  return { model, noise, plainness: residual.filter((value) => value < limit).length / residual.length };
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort(), at = share * (sorted.length - 1), below = Math.floor(at);
  return sorted[below] + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}

/** For each of three values the factors of six terms, over the kept rows: normal equations, Gauss–Jordan with pivots. */
function leastSquares(rows, values, kept) {
  const size = rows[0].length, table = Array.from({ length: size }, () => new Float64Array(size + 3));
  rows.forEach((row, n) => {
    if (!kept[n]) return;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) table[i][j] += row[i] * row[j];
      for (let k = 0; k < 3; k++) table[i][size + k] += row[i] * values[n][k];
    }
  });
  for (let i = 0; i < size; i++) {
    const pivot = table.slice(i).reduce((best, row, k) => (Math.abs(row[i]) > Math.abs(table[best][i]) ? i + k : best), i);
    [table[i], table[pivot]] = [table[pivot], table[i]];
    if (Math.abs(table[i][i]) < 1e-9) continue; // a term that these rows do not tell from the others
    for (let j = 0; j < size; j++) {
      if (j === i) continue;
      const factor = table[j][i] / table[i][i];
      for (let k = i; k < size + 3; k++) table[j][k] -= factor * table[i][k];
    }
  }
  return [0, 1, 2].map((k) => table.map((row, i) => (Math.abs(row[i]) < 1e-9 ? 0 : row[size + k] / row[i])));
}

/** How much light a pixel has of the background's, where it looks like the background in a shadow; else 0. */
function darkening(lab, model) {
  const factor = (seen, plain) => (seen / Math.max(plain, 1e-3)) ** 3; // of cube roots of X, Y and Z
  return filled(Float64Array, lab[0].length, (i) => {
    const y = (lab[0][i] + 16) / 116, plain = (model[0][i] + 16) / 116;
    const fy = factor(y, plain);
    if (!(fy > 0.25 && fy < 1)) return 0;
    const fx = factor(y + lab[1][i] / 500, plain + model[1][i] / 500), fz = factor(y - lab[2][i] / 200, plain - model[2][i] / 200);
    const low = Math.min(fx, fy, fz), high = Math.max(fx, fy, fz);
    return low > 0.25 && high < 1 && high < 1.4 * low ? fy : 0;
  });
}

/** Which of the darkened regions are shadows: those that fade into the background. Grey objects have crisp edges. */
function shadows({ darkening: light, distance, steepness, behind, w, h }) {
  const candidates = filled(Uint8Array, w * h, (i) => light[i] > 0 && !behind[i]);
  const { labels, boxes } = parts(dilated(eroded(candidates, w, h, 2), w, h, 2), w, h);
  const around = dilated(behind, w, h, 4), steepest = maximum(steepness, w, h, 5), shadow = new Uint8Array(w * h);
  const factors = [], enclosed = [];
  for (let part = 1; part < boxes.length; part++) {
    const [left, top, right, bottom] = boxes[part].map((value, k) => (k < 2 ? Math.max(0, value - 8) : Math.min(k === 2 ? w : h, value + 8)));
    const ww = right - left, hh = bottom - top, places = [];
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) places.push(y * w + x);
    const inside = filled(Uint8Array, places.length, (n) => labels[places[n]] === part);
    const wide = dilated(inside, ww, hh, 4), narrow = eroded(inside, ww, hh, 2);
    const edge = places.map((i, n) => n).filter((n) => wide[n] && !narrow[n] && around[places[n]]);
    const own = places.filter((_, n) => inside[n]);
    if (edge.length < 20) { enclosed.push(own); continue; }
    const contrast = maximum(filled(Float64Array, places.length, (n) => (inside[n] ? distance[places[n]] : 0)), ww, hh, 15);
    if (median(edge.map((n) => steepest[places[n]] / Math.max(contrast[n], 1))) >= 0.18) continue;
    own.forEach((i) => { shadow[i] = 1; });
    factors.push(median(own.map((i) => light[i])));
  }
  for (const own of enclosed) { // as under a chair: a shadow if it is as dark as one that touches the background
    const dark = median(own.map((i) => light[i]));
    if (factors.some((factor) => dark / factor > 0.8 && dark / factor < 1.25)) own.forEach((i) => { shadow[i] = 1; });
  }
  const grown = dilated(shadow, w, h, 3);
  return filled(Uint8Array, w * h, (i) => grown[i] & candidates[i]);
}

/** Fill holes smaller than 0.2 % of the object; larger ones are looked through. */
function withoutSpecks(mask, w, h) {
  const { labels, sizes } = parts(filled(Uint8Array, w * h, (i) => 1 - mask[i]), w, h);
  const background = sizes.reduce((sum, size) => sum + size), limit = Math.max(0.002 * (w * h - background), 4);
  return filled(Uint8Array, w * h, (i) => mask[i] || sizes[labels[i]] < limit);
}

/** Without the pixels of the rim that are more background than object. */
function withoutMixedRim(mask, distance, w, h) {
  const core = eroded(mask, w, h, 2, 1), beside = maximum(filled(Float64Array, w * h, (i) => (mask[i] ? distance[i] : 0)), w, h, 5);
  return filled(Uint8Array, w * h, (i) => mask[i] && (core[i] || distance[i] >= 0.5 * beside[i]));
}

/** Without parts smaller than a share of the largest one, and without anything tiny; soft edges stay. */
function mainParts(mask, width, height, atLeast) {
  const { labels, sizes } = parts(filled(Uint8Array, mask.length, (i) => mask[i] > 0.5), width, height, true);
  const least = Math.max(atLeast * sizes.reduce((a, b) => Math.max(a, b), 0), mask.length > 4096 ? 64 : 4);
  const wanted = dilated(filled(Uint8Array, mask.length, (i) => labels[i] && sizes[labels[i]] >= least), width, height, 2);
  return filled(Float32Array, mask.length, (i) => (wanted[i] ? mask[i] : 0));
}

// ------------------------------------------------------------------------------------------------------------- placing
function boxOf(mask, width) {
  let left = width, top = Infinity, right = 0, bottom = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] <= 0.5) continue;
    const x = i % width, y = (i - x) / width;
    left = Math.min(left, x); right = Math.max(right, x + 1);
    top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
  }
  return [left, top, right, bottom];
}

/** The object on black, as large and where the training images show theirs: Uint8Array (size, size, 3). */
export function place(picture, mask, { size, side, shift }) {
  const [left, top, right, bottom] = boxOf(mask, picture.width), w = right - left, h = bottom - top, longest = Math.max(w, h);
  const width = Math.max(1, Math.floor((w * side) / longest)), height = Math.max(1, Math.floor((h * side) / longest));
  const source = (i) => (top + Math.floor(i / w)) * picture.width + left + (i % w);
  const cover = filled(Float32Array, w * h, (i) => mask[source(i)]);
  const smaller = resized(cover, w, h, width, height), canvas = new Uint8Array(3 * size * size);
  const x0 = Math.floor((size - width) / 2), y0 = Math.min(Math.floor((size - height) / 2) + shift, size - height);
  for (let k = 0; k < 3; k++) {
    const colour = resized(filled(Float32Array, w * h, (i) => cover[i] * picture.data[4 * source(i) + k]), w, h, width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const share = smaller[y * width + x], value = share > 0.1 ? colour[y * width + x] / Math.max(share, 1e-6) : 0;
        canvas[3 * ((y0 + y) * size + x0 + x) + k] = Math.round(Math.min(255, Math.max(0, value)));
      }
    }
  }
  return canvas;
}

/** The object's rim in the colours from two pixels further in, where the camera has not mixed in the background. */
export function withoutFringe(picture, mask) {
  const { width, height, data } = picture, inside = filled(Uint8Array, mask.length, (i) => mask[i] > 0.5), core = eroded(inside, width, height, 2);
  if (!core.includes(1)) return picture;
  const cleaned = data.slice(), reach = 4;
  for (let i = 0; i < inside.length; i++) {
    if (!inside[i] || core[i]) continue;
    const x = i % width, y = (i - x) / width;
    let nearest = -1, least = reach * reach + 1;
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
        const apart = (u - x) ** 2 + (v - y) ** 2;
        if (core[v * width + u] && apart < least) { least = apart; nearest = v * width + u; }
      }
    }
    if (nearest >= 0) cleaned.set(data.subarray(4 * nearest, 4 * nearest + 3), 4 * i);
  }
  return { width, height, data: cleaned };
}

/** What a person should know about a cut-out; often nothing. */
export function remarks(mask, width, height, side, texts) {
  const [left, top, right, bottom] = boxOf(mask, width), found = [];
  const touching = left === 0 || top === 0 || right === width || bottom === height;
  if (touching && (right - left !== width || bottom - top !== height)) found.push(texts.touches);
  const longest = Math.max(right - left, bottom - top);
  if (longest < Math.floor((side * 2) / 3)) found.push(texts.small.replace("{pixels}", longest));
  return found;
}
