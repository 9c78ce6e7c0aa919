// What is on the screen, as lmnet_utils/apps/explorer_figures.py makes it for the notebook: panels in groups with a heading, packed
// for viewer.js.

import { cloudDistances, grouped, pairwiseDistance, pointSpread } from "./groups.js";
import { upright } from "./networks.js";

/** What a result needs once and no control changes: its clouds with y up, spread, groups and numbers. */
export function described(result, shared) {
  const { samples, sigma } = result, several = samples.length > 1;
  const groups = grouped(cloudDistances(samples, shared.groups.points), shared.groups);
  const spread = pointSpread(samples), mean = spread.reduce((a, b) => a + b) / spread.length;
  const scores = several ? { shapes: groups.length, pairwise: 100 * pairwiseDistance(samples), spread: 100 * mean } : {};
  return { ...result, groups, spread, scores: { sigma, ...scores }, upright: { mean: upright(result.mean), samples: samples.map(upright) } };
}

/** Groups [{label, panels}] of a state and the results of the networks that it shows. */
export function panelsOf(state, results, shared) {
  const { picture } = state, own = [{ title: "input", kind: "image", image: picture.image, note: picture.where, alt: `The input image: ${picture.where}` }];
  if (state.truth && picture.truth) own.push({ title: "truth", kind: "truth", cloud: picture.truth, note: "the true shape" });
  const limit = spreadLimit(results, shared.spread_limits);
  const groups = results.length > 1 ? [{ label: "", panels: own }] : [];
  for (const result of results) {
    const note = shared.own_answers[result.encoder.kind], cloud = result.upright.mean;
    let panels = [
      { title: "mean", kind: "mean", cloud, note },
      { title: "spread", kind: "mean", cloud, note: `0 to ${+(100 * limit).toPrecision(6)}\u00a0%`, colours: spreadColours(result.spread, limit, shared.ramp) },
      ...samplePanels(state, result),
    ];
    if (results.length === 1) {
      panels = [...own, ...panels];
      const chosen = largePanel(state, result), big = panels.find((panel) => panel.title === chosen);
      panels = [{ ...big, big: true, chosen: true }, ...panels.filter((panel) => panel !== big)];
    }
    groups.push({ label: results.length > 1 ? result.encoder.label : "", panels });
  }
  return groups;
}

function samplePanels(state, { upright: { samples }, groups }) {
  if (!state.grouped || samples.length === 1) return samples.map((cloud, k) => ({ title: `sample ${k + 1}`, kind: "sample", cloud, note: "" }));
  return groups.map(({ medoid, members }) => ({
    title: `sample ${medoid + 1}`, kind: "sample", cloud: samples[medoid], note: `${Math.round((100 * members.length) / samples.length)}\u00a0%`,
    alt: `Point cloud: sample ${medoid + 1}, like ${members.length} of ${samples.length} samples`,
  }));
}

/** Title of what is drawn large: what is chosen, if it is on screen; of a sample in a group the one that stands for it. */
export function largePanel(state, { samples, groups }) {
  const [kind, number] = state.chosen.split(" ");
  if (kind === "sample" && !number) return `sample ${(state.grouped ? groups[0].medoid : 0) + 1}`;
  if (kind === "sample" && number <= samples.length) {
    return state.grouped ? `sample ${groups.find(({ members }) => members.includes(number - 1)).medoid + 1}` : state.chosen;
  }
  const shown = ["mean", "spread", ...(state.truth && state.picture.truth ? ["truth"] : [])];
  return shown.includes(state.chosen) ? state.chosen : "mean";
}

/** The least of the limits above (nearly) all points' spreads, one for all networks that are compared. */
function spreadLimit(results, limits) {
  const highest = Math.max(...results.map(({ spread }) => {
    const sorted = spread.slice().sort(), at = 0.99 * (sorted.length - 1), below = Math.floor(at);
    return sorted[below] + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
  }));
  return limits.find((limit) => limit >= highest) ?? limits.at(-1);
}

function spreadColours(spread, limit, ramp) {
  const made = new Uint8Array(3 * spread.length);
  spread.forEach((value, i) => made.set(ramp[Math.min(255, Math.max(0, Math.round((255 * value) / limit)))], 3 * i));
  return made;
}

/** Groups as viewer.js takes them: descriptions, int16 positions, colours; equal clouds once. */
export function packed(groups) {
  const positions = [], colours = [], known = new Map();
  let points = 0, bytes = 0;
  const entry = ({ cloud, colours: own, ...rest }) => {
    const made = { alt: `Point cloud: ${rest.note || rest.title}`, ...rest };
    if (!cloud) return made;
    if (!known.has(cloud)) {
      known.set(cloud, points);
      positions.push(rounded(cloud));
      points += cloud.length / 3;
    }
    made.points = [known.get(cloud), cloud.length / 3];
    if (own) { made.coloured = bytes; colours.push(own); bytes += own.length; }
    return made;
  };
  const described = groups.map(({ label, panels }) => ({ label, panels: panels.map(entry) }));
  return { groups: described, positions: joined(Int16Array, positions), colours: joined(Uint8Array, colours) };
}

/** Coordinates from −1 to 1 as int16. */
function rounded(cloud) {
  const made = new Int16Array(cloud.length);
  for (let i = 0; i < cloud.length; i++) made[i] = Math.round(32767 * Math.min(1, Math.max(-1, cloud[i])));
  return made;
}

function joined(Kind, arrays) {
  const made = new Kind(arrays.reduce((sum, array) => sum + array.length, 0));
  arrays.reduce((at, array) => { made.set(array, at); return at + array.length; }, 0);
  return made;
}
