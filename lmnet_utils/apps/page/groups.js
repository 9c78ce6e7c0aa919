// Many samples as few different shapes with their shares, and how far they differ: lmnet_utils/apps/explorer_groups.py and
// evaluation/diversity.py, which say why. Clouds are Float32Array (P, 3), of one decoder.

/** Chamfer distances ×100 between clouds in longest sides of the first one: rows of a symmetric table. */
export function cloudDistances(clouds, compared) {
  const points = clouds[0].length / 3, count = Math.min(compared, points);
  const chosen = Array.from({ length: count }, (_, i) => 3 * Math.floor((i * points) / count));
  const thin = clouds.map((cloud) => Float64Array.from(chosen.flatMap((at) => [cloud[at], cloud[at + 1], cloud[at + 2]])));
  const side = longestSide(clouds[0]) || 1, table = clouds.map(() => new Float64Array(clouds.length));
  for (let i = 0; i < clouds.length; i++) for (let j = 0; j < i; j++) table[i][j] = table[j][i] = (100 * chamfer(thin[i], thin[j])) / side;
  return table;
}

function chamfer(a, b) {
  const count = a.length / 3, back = new Float64Array(count).fill(Infinity);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    let least = Infinity;
    for (let j = 0; j < count; j++) {
      const x = a[3 * i] - b[3 * j], y = a[3 * i + 1] - b[3 * j + 1], z = a[3 * i + 2] - b[3 * j + 2], apart = x * x + y * y + z * z;
      if (apart < least) least = apart;
      if (apart < back[j]) back[j] = apart;
    }
    sum += Math.sqrt(least);
  }
  return (sum + back.reduce((total, value) => total + Math.sqrt(value), 0)) / count;
}

function longestSide(cloud) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  cloud.forEach((value, i) => { low[i % 3] = Math.min(low[i % 3], value); high[i % 3] = Math.max(high[i % 3], value); });
  return Math.max(...high.map((value, axis) => value - low[axis]));
}

function* combinations(count, size, first = 0) {
  if (!size) { yield []; return; }
  for (let i = first; i <= count - size; i++) for (const rest of combinations(count, size - 1, i + 1)) yield [i, ...rest];
}

/** The `size` items to which all items are nearest on average; all choices are tried, of equally good ones the first. */
function kMedoids(distances, size) {
  let best = null, least = Infinity;
  for (const choice of combinations(distances.length, size)) {
    let cost = 0;
    for (let item = 0; item < distances.length; item++) cost += choice.reduce((near, medoid) => Math.min(near, distances[medoid][item]), Infinity);
    if (cost < least - 1e-9) [best, least] = [choice, cost];
  }
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
  for (let i = 0; i < 3 * points; i++) {
    let mean = 0, square = 0;
    for (const cloud of clouds) mean += cloud[i] / clouds.length;
    for (const cloud of clouds) square += (cloud[i] - mean) ** 2;
    made[Math.floor(i / 3)] += square / (clouds.length - 1);
  }
  return made.map(Math.sqrt);
}

/** Mean distance between the same point in two samples, over all points and pairs. */
export function pairwiseDistance(clouds) {
  let sum = 0, pairs = 0;
  for (let a = 0; a < clouds.length; a++) {
    for (let b = 0; b < a; b++, pairs++) {
      for (let i = 0; i < clouds[a].length; i += 3) {
        sum += Math.sqrt((clouds[a][i] - clouds[b][i]) ** 2 + (clouds[a][i + 1] - clouds[b][i + 1]) ** 2 + (clouds[a][i + 2] - clouds[b][i + 2]) ** 2);
      }
    }
  }
  return sum / pairs / (clouds[0].length / 3);
}
