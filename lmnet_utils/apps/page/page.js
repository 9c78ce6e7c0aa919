// The explorer's page: controls, and what a change of them brings about. The views are the notebook's, viewer.js, to which the page
// is what the kernel is there.

import { PictureError } from "./cutout.js";
import { glb, ply } from "./files.js";
import { Networks, reconstructed, upright } from "./networks.js";
import { described, largePanel, packed, panelsOf } from "./panels.js";
import { Lasso, prepared, readPicture, shownPixels, storedPixels } from "./pictures.js";
import viewer, { COLOURS, drawCloud } from "./viewer.js";

const $ = (id) => document.getElementById(id);
$("server").hidden = true; // scripts run: the page was not opened as a file

/** What viewer.js takes for an anywidget's model: values, and those who want to know of changes and messages. */
class Model {
  constructor(values, receive = () => {}) {
    Object.assign(this, { values, receive, listeners: {} });
  }
  get(name) { return this.values[name]; }
  set(name, value) { this.values[name] = value; }
  on(event, act) { (this.listeners[event] ??= []).push(act); }
  save_changes() { this.receive(this.values, null); }
  send(message, _, buffers) { this.receive(message, buffers); }
  tell(event, ...details) { (this.listeners[event] ?? []).forEach((act) => act(...details)); }
  change(values) {
    Object.assign(this.values, values);
    Object.keys(values).forEach((name) => this.tell(`change:${name}`));
  }
}

const state = { picture: null, shown: "", compare: false, grouped: true, truth: true, chosen: "sample" };
let shared, networks, cards, view, thumbnails, results = [], lasso;

// ------------------------------------------------------------------------------------------------------------- showing
let busy = false, again = false;

/** Show the state; while one is being made only the last of those that follow counts. */
async function show() {
  again = true;
  if (busy) return;
  busy = true;
  try {
    while (again) {
      again = false;
      await showNow();
    }
  } catch (error) {
    complain(error);
  } finally {
    busy = false;
  }
}

async function showNow() {
  const { picture } = state, names = state.compare ? cards.map((card) => card.name) : [state.shown];
  const found = await Promise.all(names.map((name) => networks.encoder(name)));
  const made = [];
  for (const encoder of found) made.push(await resultOf(encoder, picture));
  if (picture !== state.picture) return; // another one has come meanwhile
  results = made;
  const home = { azimuth: picture.azimuth ?? 30, elevation: 25, zoom: 1 };
  const camera = view.get("picture") === picture ? view.get("camera") : home;
  view.change({ ...packed(panelsOf(state, results, shared)), camera, home, picture });
  view.change({ revision: view.get("revision") + 1 });
  showScores();
  $("engine").textContent = shared.texts.engine.replace("{engine}", networks.engine.name);
  const strange = results.map(({ encoder: { card, label } }) => (picture.name && !card.classes.includes(picture.name) ? [label, card.classes] : null)).filter(Boolean);
  const words = strange.map(([label, classes]) => shared.texts.untrained.replace("{label}", label).replace("{classes}", classes.map((name) => `${name}s`).join(", ")));
  $("about").textContent = [...picture.notes, ...words].join(" ");
}

/** A result, and within it what was made of the same picture, samples, seed and temperature before. */
async function resultOf(encoder, picture) {
  const { samples, seed, temperature } = state, key = [encoder.card.name, samples, seed, temperature].join();
  if (!picture.results.has(key)) {
    if (!picture.encoded.has(encoder)) picture.encoded.set(encoder, await encoder.encode(picture.pixels));
    const result = await reconstructed(networks, encoder, picture.pixels, { samples, seed, temperature }, picture.encoded.get(encoder));
    picture.results.set(key, { encoder, ...described(result, shared) });
    if (picture.results.size > 64) picture.results.delete(picture.results.keys().next().value);
  }
  const found = picture.results.get(key);
  return { ...found, scores: { ...found.scores, sigma: temperature * found.sigma } };
}

function showScores() {
  const digits = { sigma: 3, shapes: 0 }, names = Object.keys(results[0].scores);
  const row = (kind, cells) => {
    const line = document.createElement("tr");
    cells.forEach((text, i) => line.append(Object.assign(document.createElement(i === 0 || kind === "col" ? "th" : "td"), { textContent: text, scope: i === 0 && kind === "row" ? "row" : "col" })));
    return line;
  };
  $("scores").replaceChildren(
    row("col", [`N = ${state.samples}`, ...results.map(({ encoder }) => encoder.label)]),
    ...names.map((name) => row("row", [shared.scores[name], ...results.map(({ scores }) => scores[name].toFixed(digits[name] ?? 2))])),
  );
}

function complain(error) {
  if (!(error instanceof PictureError)) console.error(error);
  const box = Object.assign(document.createElement("div"), { className: "lmnet-alert", textContent: error.message || String(error) });
  box.setAttribute("role", "alert");
  $("alert").replaceChildren(box);
  box.scrollIntoView({ block: "nearest" });
}

/** Do what a control asks for; what goes wrong is said, and the last picture stays. */
function guarded(act) {
  return async (...details) => {
    $("alert").replaceChildren();
    try { await act(...details); } catch (error) { complain(error); }
  };
}

function change(changes) {
  $("alert").replaceChildren();
  Object.assign(state, changes);
  return show();
}

// ------------------------------------------------------------------------------------------------------------ pictures
const fresh = (values) => ({ notes: [], encoded: new Map(), results: new Map(), ...values, image: shownPixels(values.pixels) });

const examples = new Map();
async function pickExample(index) {
  const { name, azimuth, credit } = shared.examples[index];
  if (!examples.has(index)) {
    const [pixels, truth] = await Promise.all([storedPixels(await (await fetch(`examples/${name}.png`)).blob()), (await fetch(`examples/${name}.bin`)).arrayBuffer()]);
    const notes = credit ? [`${name[0].toUpperCase()}${name.slice(1)}: ${credit}.`] : [];
    examples.set(index, fresh({ pixels, truth: Float32Array.from(new Int16Array(truth), (value) => value / 32767), name, azimuth, notes, where: `${name}, azimuth ${azimuth.toFixed(0)}°` }));
  }
  $("lasso").disabled = true;
  closeBoxes();
  const knows = (card) => card.classes.includes(name);
  choose(knows(cardOf(state.shown)) ? state.shown : (cards.find(knows) ?? cards[0]).name);
  await change({ picture: examples.get(index), chosen: "sample" });
}

const cardOf = (name) => cards.find((card) => card.name === name);
const widest = () => cards.reduce((best, card) => (card.classes.length > best.classes.length ? card : best)).name;

async function takePicture(blob, name) {
  const original = await readPicture(blob, name, shared);
  lasso.show(original);
  $("lasso").disabled = false;
  try {
    await take(original, prepared(original, shared));
  } catch (error) {
    toggle("lasso", true);
    throw error;
  }
}

function take(original, { pixels, notes }) {
  if (!state.picture?.original) choose(widest()); // whoever knows most classes; another one is a click away
  thumbnails.change({ index: -1 });
  closeBoxes();
  return change({ picture: fresh({ pixels, notes, original, where: "upload" }), chosen: "sample" });
}

function takeFirst(files) {
  const pictures = [...files];
  if (!pictures.length) throw new PictureError(shared.texts.no_clipboard);
  return takePicture(pictures[0], pictures[0].name || "The picture").then(() => {
    if (pictures.length > 1) complain(new PictureError(shared.texts.several));
  });
}

async function pasteByButton() {
  const items = await navigator.clipboard.read().catch(() => []);
  const kinds = items.flatMap((item) => item.types.filter((type) => type.startsWith("image/")).map((type) => item.getType(type)));
  await takeFirst(await Promise.all(kinds.slice(0, 1)));
}

function toggle(name, open = $(`${name}-box`).hidden) {
  $(`${name}-box`).hidden = !open;
  $(name).setAttribute("aria-expanded", String(open));
  if (name === "lasso" && open) lasso.draw();
  if (name === "camera" && !open) $("video").srcObject?.getTracks().forEach((track) => track.stop());
}

const closeBoxes = () => ["lasso", "camera"].forEach((name) => toggle(name, false));

async function openCamera() {
  try {
    $("video").srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch (error) {
    throw new PictureError(shared.texts.no_camera.replace("{reason}", error.message));
  }
  toggle("camera", true);
  await $("video").play();
}

async function shoot() {
  const video = $("video"), canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => { canvas.toBlob(done); });
  toggle("camera", false);
  await takePicture(blob, "The photograph");
}

// --------------------------------------------------------------------------------------------------------------- files
const save = (name, type, bytes) => view.tell("msg:custom", { kind: "file", name, type, start: true }, [bytes]);

/** The large shape of the first network on screen: its title, cloud in the files' frame, and kind. */
function largeShape() {
  const title = largePanel(state, results[0]), [kind, number] = title.split(" ");
  if (kind === "truth") {
    const cloud = Float32Array.from(state.picture.truth), file = new Float32Array(cloud.length);
    for (let i = 0; i < cloud.length; i += 3) { file[i] = -cloud[i + 1]; file[i + 1] = cloud[i]; file[i + 2] = cloud[i + 2]; }
    return { title, cloud: file, kind };
  }
  return { title, cloud: kind === "sample" ? results[0].samples[number - 1] : results[0].mean, kind: kind === "sample" ? kind : "mean" };
}

async function png() {
  const groups = panelsOf(state, results, shared), { groups: listed, positions, colours } = packed(groups), size = 224, head = 26;
  const columns = Math.min(6, Math.max(...listed.map(({ panels }) => panels.length)));
  const rows = listed.map(({ label, panels }) => (label ? head : 0) + Math.ceil(panels.length / columns) * (size + head));
  const canvas = Object.assign(document.createElement("canvas"), { width: columns * size, height: rows.reduce((a, b) => a + b) });
  const context = canvas.getContext("2d"), tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
  Object.assign(context, { fillStyle: "#fff" }).fillRect(0, 0, canvas.width, canvas.height);
  let top = 0;
  const write = (text, x, y, weight = 400) => { Object.assign(context, { fillStyle: "#1b1f24", font: `${weight} 14px system-ui, sans-serif` }).fillText(text, x + 6, y + 18, size - 12); };
  for (const { label, panels } of listed) {
    if (label) { write(label, 0, top, 600); top += head; }
    for (const [i, panel] of panels.entries()) {
      const x = (i % columns) * size, y = top + Math.floor(i / columns) * (size + head);
      if (panel.image) context.drawImage(await createImageBitmap(await (await fetchImage(panel.image))), x + 48, y + 48);
      else {
        const [from, count] = panel.points, own = panel.coloured === undefined ? COLOURS[panel.kind] : colours.subarray(panel.coloured, panel.coloured + 3 * count);
        drawCloud(tile, positions.subarray(3 * from, 3 * (from + count)), own, view.get("camera"));
        context.drawImage(tile, x, y);
      }
      write(panel.title + (panel.note ? ` · ${panel.note}` : ""), x, y + size);
    }
    top += Math.ceil(panels.length / columns) * (size + head);
  }
  const blob = await new Promise((done) => { canvas.toBlob(done); });
  return new Uint8Array(await blob.arrayBuffer());
}

/** A data address as a Blob; fetch is not for these, as the page may ask its own address only. */
async function fetchImage(address) {
  return new Blob([Uint8Array.from(atob(address.split(",")[1]), (letter) => letter.charCodeAt(0))], { type: "image/png" });
}

// ------------------------------------------------------------------------------------------------------------ controls
function choose(name) {
  state.shown = name;
  document.querySelectorAll("#networks input").forEach((input) => { input.checked = input.value === name; });
}

function makeControls() {
  for (const card of cards) {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "network", value: card.name });
    const label = document.createElement("label");
    label.append(input, card.label + (card.residuals ? " + residuals" : ""));
    input.addEventListener("change", () => change({ shown: card.name }));
    $("networks").append(label);
  }
  $("residual-labels").textContent = cards.filter((card) => card.residuals).map((card) => `“${card.label} + residuals”`).join(" and ");
  for (const name of ["temperature", "samples"]) {
    $(name).addEventListener("input", () => {
      $(name).nextElementSibling.textContent = $(name).value;
      change({ [name]: Number($(name).value) });
    });
  }
  const seed = () => {
    const { min, max } = shared.ranges.seed, value = Math.min(max, Math.max(min, Math.trunc(Number($("seed").value) || 0)));
    $("seed").value = value;
    change({ seed: value });
  };
  $("seed").addEventListener("change", seed);
  $("next-seed").addEventListener("click", () => { $("seed").value = Number($("seed").value) + 1; seed(); });
  for (const name of ["compare", "grouped", "truth"]) $(name).addEventListener("change", () => change({ [name]: $(name).checked }));
  $("paste").addEventListener("click", guarded(pasteByButton));
  $("lasso").addEventListener("click", () => toggle("lasso"));
  $("lasso-close").addEventListener("click", () => toggle("lasso", false));
  $("camera").hidden = !navigator.mediaDevices?.getUserMedia;
  $("camera").addEventListener("click", guarded(openCamera));
  $("camera-close").addEventListener("click", () => toggle("camera", false));
  $("shoot").addEventListener("click", guarded(shoot));
  $("save-png").addEventListener("click", guarded(async () => save("explorer.png", "image/png", await png())));
  $("save-ply").addEventListener("click", guarded(() => save("explorer.ply", "model/ply", ply(largeShape().cloud))));
  $("save-glb").addEventListener("click", guarded(() => {
    const { title, cloud, kind } = largeShape();
    save("explorer.glb", "model/gltf-binary", glb(upright(cloud), COLOURS[kind], title));
  }));
}

function listenToPage() {
  document.addEventListener("paste", guarded((event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (event.target.matches?.("input[type=number]") && !files.length) return undefined;
    return takeFirst(files);
  }));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", guarded((event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    if (event.dataTransfer.files.length) return takeFirst(event.dataTransfer.files);
    return undefined;
  }));
}

function makeViews() {
  const show = (kind, host, values, receive) => {
    const model = new Model({ kind, ...values }, receive);
    viewer.render({ model, el: host });
    return model;
  };
  view = show("clouds", $("view"), { groups: [], positions: new Int16Array(), colours: new Uint8Array(), camera: { azimuth: 30, elevation: 25, zoom: 1 }, revision: 0 }, (message) => {
    if (message.kind === "picked" && message.title !== "input") change({ chosen: message.title });
  });
  const items = shared.examples.map(({ name }) => ({ image: `examples/${name}.png`, text: name, alt: "" }));
  thumbnails = show("thumbnails", $("examples"), { label: "Examples", items, index: 0 }, guarded((values) => pickExample(values.index)));
  const limit = shared.limits.megabytes * 1e6;
  show("upload", $("upload"), { label: "Upload a picture", accept: "image/*", limit }, guarded(({ name, size }, buffers) => {
    const content = buffers.length ? buffers : [new Uint8Array()];
    const blob = size > limit ? { size } : new Blob(content);
    return takePicture(blob, name);
  }));
  lasso = new Lasso($("lasso-canvas"), guarded((mask) => take(lasso.picture, prepared(lasso.picture, shared, mask))));
}

async function start() {
  $("loading").hidden = false;
  [shared, networks] = await Promise.all([fetch("explorer.json").then((answer) => answer.json()), Networks.open()]);
  cards = [...networks.cards].sort((a, b) => Boolean(a.residuals) - Boolean(b.residuals));
  $("loading").hidden = true;
  $("explorer").hidden = false;
  makeViews();
  makeControls();
  listenToPage();
  for (const [name, range] of Object.entries(shared.ranges)) state[name] = range.value;
  choose(widest());
  await pickExample(0);
  document.documentElement.dataset.ready = performance.now().toFixed(0); // milliseconds from the page's address to its first picture
  for (const card of cards) await networks.encoder(card.name); // so that the other one answers at once
}

start().catch((error) => {
  $("loading").hidden = true;
  complain(error);
});
