// Many samples as few different shapes with their shares, and how far they differ: lmnet_utils/apps/explorer_groups.py and
// evaluation/diversity.py, which say why. Clouds are Float32Array (P, 3), of one decoder.

import { filled } from "./raster.js";

/** Chamfer distances ×100 between clouds in longest sides of the first one: rows of a symmetric table. */
export function cloudDistances(clouds, compared) {
  const points = clouds[0].length / 3, count = Math.min(compared, points), sides = sidesOf(clouds[0]), longest = Math.max(...sides);
  const across = sides.indexOf(longest), axes = [across, (across + 1) % 3, (across + 2) % 3];
  const thin = clouds.map((cloud) => {
    const at = (k, axis) => cloud[3 * Math.floor((k * points) / count) + axis];
    const order = sortedPlaces(filled(Float64Array, count, (k) => at(k, across))), place = new Int32Array(count);
    order.forEach((k, i) => { place[k] = i; });
    return { order, place, coordinates: axes.map((axis) => filled(Float64Array, count, (i) => at(order[i], axis))) };
  });
  const table = clouds.map(() => new Float64Array(clouds.length));
  for (let i = 0; i < clouds.length; i++) {
    for (let j = 0; j < i; j++) table[i][j] = table[j][i] = (100 * (towards(thin[i], thin[j]) + towards(thin[j], thin[i]))) / (longest || 1);
  }
  return table;
}

/** The places of values from the least to the largest. */
export function sortedPlaces(values) {
  return filled(Int32Array, values.length, (i) => i).sort((a, b) => values[a] - values[b]);
}

/**
 * Mean distance from points to the nearest of others, both sorted by x: from the same x outwards, until x alone is farther than what
 * was found. That begins with the decoder's same point, which is near: half as many are looked at as without.
 */
function towards({ order, coordinates: [ax, ay, az] }, { place, coordinates: [bx, by, bz] }) {
  const count = bx.length;
  let sum = 0, start = 0;
  for (let i = 0; i < count; i++) {
    const px = ax[i], py = ay[i], pz = az[i], same = place[order[i]];
    let x = bx[same] - px, y = by[same] - py, z = bz[same] - pz, least = x * x + y * y + z * z;
    while (start < count && bx[start] < px) start++;
    for (let j = start; j < count; j++) {
      x = bx[j] - px;
      if (x * x >= least) break;
      y = by[j] - py; z = bz[j] - pz;
      const apart = x * x + y * y + z * z;
      if (apart < least) least = apart;
    }
    for (let j = start - 1; j >= 0; j--) {
      x = bx[j] - px;
      if (x * x >= least) break;
      y = by[j] - py; z = bz[j] - pz;
      const apart = x * x + y * y + z * z;
      if (apart < least) least = apart;
    }
    sum += Math.sqrt(least);
  }
  return sum / count;
}

function sidesOf(cloud) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < cloud.length; i += 3) {
    for (let axis = 0; axis < 3; axis++) {
      const value = cloud[i + axis];
      if (value < low[axis]) low[axis] = value;
      if (value > high[axis]) high[axis] = value;
    }
  }
  return high.map((value, axis) => value - low[axis]);
}

/** The `size` items to which all items are nearest on average; all choices are tried, of equally good ones the first. */
function kMedoids(distances, size) {
  const count = distances.length, chosen = [], rows = Array.from({ length: size + 1 }, () => new Float64Array(count).fill(Infinity));
  let best = null, least = Infinity;
  const choose = (first) => {
    const nearest = rows[chosen.length]; // of what is chosen so far, to every item
    if (chosen.length === size) {
      let cost = 0;
      for (let item = 0; item < count; item++) cost += nearest[item];
      if (cost < least - 1e-9) [best, least] = [[...chosen], cost];
      return;
    }
    for (let medoid = first; medoid <= count - size + chosen.length; medoid++) {
      const row = distances[medoid], next = rows[chosen.length + 1];
      for (let item = 0; item < count; item++) next[item] = row[item] < nearest[item] ? row[item] : nearest[item];
      chosen.push(medoid);
      choose(medoid + 1);
      chosen.pop();
    }
  };
  choose(0);
  return best;
}

/** As few groups {medoid, members} as will do, the largest first. */
export function grouped(distances, { alike, most }) {
  const count = distances.length;
  let medoids = [], members = [];
  for (let size = 1; size <= Math.min(most, count); size++) {
    medoids = kMedoids(distances, size);
    members = medoids.map(() => []);
    let sum = 0;
    for (let item = 0; item < count; item++) {
      let group = medoids.indexOf(item); // a medoid stands for itself, even if another one is equal to it
      if (group < 0) group = medoids.reduce((near, medoid, k) => (distances[medoid][item] < distances[medoids[near]][item] ? k : near), 0);
      members[group].push(item);
      sum += Math.min(...medoids.map((medoid) => distances[medoid][item]));
    }
    if (sum / count <= alike) break;
  }
  return medoids.map((medoid, k) => ({ medoid, members: members[k] })).sort((a, b) => b.members.length - a.members.length || a.medoid - b.medoid);
}

/** How far each point moves from sample to sample, root mean square: Float64Array (P,), 0 of one sample. */
export function pointSpread(clouds) {
  const points = clouds[0].length / 3, made = new Float64Array(points);
  if (clouds.length < 2) return made;
  const count = clouds.length, mean = new Float64Array(3 * points);
  for (const cloud of clouds) for (let i = 0; i < 3 * points; i++) mean[i] += cloud[i] / count;
  for (const cloud of clouds) for (let i = 0; i < 3 * points; i++) made[(i / 3) | 0] += (cloud[i] - mean[i]) ** 2 / (count - 1);
  return made.map(Math.sqrt);
}

/** Mean distance between the same point in two samples, over all points and pairs. */
export function pairwiseDistance(clouds) {
  let sum = 0, pairs = 0;
  for (let first = 0; first < clouds.length; first++) {
    for (let second = 0; second < first; second++, pairs++) {
      const a = clouds[first], b = clouds[second];
      for (let i = 0; i < a.length; i += 3) {
        const x = a[i] - b[i], y = a[i + 1] - b[i + 1], z = a[i + 2] - b[i + 2];
        sum += Math.sqrt(x * x + y * y + z * z);
      }
    }
  }
  return sum / pairs / (clouds[0].length / 3);
}
