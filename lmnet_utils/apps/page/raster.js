// Images as flat arrays, row by row: what cutout.js needs of Pillow and scipy.ndimage, with their borders and rounding.

/** A typed array of `count` values, each made of its place: several times as fast as Kind.from. */
export function filled(Kind, count, value) {
  const made = new Kind(count);
  for (let i = 0; i < count; i++) made[i] = value(i);
  return made;
}

/** How Pillow weighs the `count` pixels of a line into `size`: for each new pixel the first old one and the weights from there on. */
function weights(count, size, box) {
  const scale = count / size, stretch = Math.max(scale, 1), support = (box ? 0.5 : 1) * stretch;
  return Array.from({ length: size }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5)), end = Math.min(count, Math.trunc(centre + support + 0.5));
    const found = [];
    for (let k = first; k < end; k++) {
      const at = (k - centre + 0.5) / stretch;
      found.push(box ? Number(at > -0.5 && at <= 0.5) : Math.max(0, 1 - Math.abs(at)));
    }
    const sum = found.reduce((total, weight) => total + weight, 0);
    return [first, found.map((weight) => weight / sum)];
  });
}

/** One channel in another size: averaged down, interpolated up. */
export function resized(values, width, height, newWidth, newHeight) {
  const box = newWidth <= width && newHeight <= height;
  const across = weights(width, newWidth, box), down = weights(height, newHeight, box);
  const rows = new Float32Array(newWidth * height), made = new Float32Array(newWidth * newHeight);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [first, shares] = across[x];
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * values[y * width + first + k];
      rows[y * newWidth + x] = sum;
    }
  }
  for (let y = 0; y < newHeight; y++) {
    const [first, shares] = down[y];
    for (let x = 0; x < newWidth; x++) {
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k] * rows[(first + k) * newWidth + x];
      made[y * newWidth + x] = sum;
    }
  }
  return made;
}

const mirrored = (i, count) => { // d c b a | a b c d | d c b a
  while (i < 0 || i >= count) i = i < 0 ? -1 - i : 2 * count - 1 - i;
  return i;
};

function convolved(values, width, height, kernel, vertical) {
  const made = new Float64Array(values.length), reach = (kernel.length - 1) / 2, count = vertical ? height : width, step = vertical ? width : 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = vertical ? y : x, start = y * width + x - at * step;
      const inside = at >= reach && at < count - reach;
      let sum = 0;
      for (let k = -reach; k <= reach; k++) sum += kernel[k + reach] * values[start + step * (inside ? at + k : mirrored(at + k, count))];
      made[y * width + x] = sum;
    }
  }
  return made;
}

function gaussian(sigma, derived = false) {
  const reach = Math.trunc(4 * sigma + 0.5), places = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const bell = places.map((x) => Math.exp((-0.5 * x * x) / (sigma * sigma)));
  const sum = bell.reduce((total, value) => total + value, 0);
  return bell.map((value, i) => (value / sum) * (derived ? places[i] / (sigma * sigma) : 1));
}

export function blurred(values, width, height, sigma) {
  return convolved(convolved(values, width, height, gaussian(sigma), true), width, height, gaussian(sigma), false);
}

/** Squares of the length of the gradient, blurred with σ = 1. */
export function steepnessSquared(values, width, height) {
  const flat = gaussian(1), slope = gaussian(1, true);
  const down = convolved(convolved(values, width, height, slope, true), width, height, flat, false);
  const across = convolved(convolved(values, width, height, flat, true), width, height, slope, false);
  return filled(Float64Array, down.length, (i) => down[i] * down[i] + across[i] * across[i]);
}

/** The largest value within a square of `size` pixels, an odd number. */
export function maximum(values, width, height, size) {
  const reach = (size - 1) / 2, rows = new Float64Array(values.length), made = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let k = Math.max(0, x - reach); k <= Math.min(width - 1, x + reach); k++) most = Math.max(most, values[y * width + k]);
      rows[y * width + x] = most;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let k = Math.max(0, y - reach); k <= Math.min(height - 1, y + reach); k++) most = Math.max(most, rows[k * width + x]);
      made[y * width + x] = most;
    }
  }
  return made;
}

/** A mask (Uint8Array of 0 and 1) grown by its four neighbours, `times` times. */
export function dilated(mask, width, height, times) {
  let now = mask;
  for (let t = 0; t < times; t++) {
    const next = now.slice();
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (now[i]) continue;
        next[i] = (x > 0 && now[i - 1]) || (x < width - 1 && now[i + 1]) || (y > 0 && now[i - width]) || (y < height - 1 && now[i + width]) ? 1 : 0;
      }
    }
    now = next;
  }
  return now;
}

/** A mask shrunk likewise; beyond the border lies `border`, 0 or 1. */
export function eroded(mask, width, height, times, border = 0) {
  let now = mask;
  for (let t = 0; t < times; t++) {
    const next = now.slice();
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (!now[i]) continue;
        const kept = (x > 0 ? now[i - 1] : border) && (x < width - 1 ? now[i + 1] : border) && (y > 0 ? now[i - width] : border) && (y < height - 1 ? now[i + width] : border);
        next[i] = kept ? 1 : 0;
      }
    }
    now = next;
  }
  return now;
}

/** Connected parts of a mask: their number at each pixel, from 1, their sizes (with a 0 in front) and boxes [left, top, right, bottom). */
export function parts(mask, width, height, diagonally = false) {
  const labels = new Int32Array(mask.length), sizes = [0], boxes = [null], stack = [];
  const steps = [[-1, 0], [1, 0], [0, -1], [0, 1], ...(diagonally ? [[-1, -1], [1, -1], [-1, 1], [1, 1]] : [])];
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start]) continue;
    const label = sizes.length, box = [width, height, 0, 0];
    labels[start] = label;
    stack.push(start);
    let size = 0;
    while (stack.length) {
      const at = stack.pop(), x = at % width, y = (at - x) / width;
      size++;
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x >= box[2]) box[2] = x + 1;
      if (y >= box[3]) box[3] = y + 1;
      for (const [dx, dy] of steps) {
        if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
        const next = at + dx + dy * width;
        if (mask[next] && !labels[next]) { labels[next] = label; stack.push(next); }
      }
    }
    sizes.push(size);
    boxes.push(box);
  }
  return { labels, sizes, boxes };
}

/**
 * Every pixel the mark (1, 2, …; 0 is none) that is reached over the smallest steepest step between neighbours, as scipy's watershed_ift
 * (Falcão, Stolfi and Lotufo's image foresting transform, 2004). Levels are integers up to 65535.
 */
export function watershed(levels, marks, width, height) {
  const found = Uint8Array.from(marks), cost = new Int32Array(levels.length).fill(1 << 17), done = new Uint8Array(levels.length);
  const queues = new Map(), push = (at, price) => queues.get(price)?.push(at) ?? queues.set(price, [at]);
  for (let i = 0; i < marks.length; i++) if (marks[i]) { cost[i] = 0; push(i, 0); }
  for (let price = 0; price <= 65535; price++) {
    const queue = queues.get(price);
    while (queue?.length) {
      const at = queue.pop(), x = at % width, y = (at - x) / width;
      if (done[at]) continue;
      done[at] = 1;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if ((!dx && !dy) || x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
          const next = at + dx + dy * width;
          const step = Math.max(price, Math.abs(levels[at] - levels[next]));
          if (done[next] || step >= cost[next]) continue;
          cost[next] = step;
          found[next] = found[at];
          push(next, step);
        }
      }
    }
  }
  return found;
}

export function median(values) {
  const sorted = Float64Array.from(values).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
