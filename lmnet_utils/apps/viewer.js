// Point clouds in the browser: one picture a panel, all turned by one camera. Plain JavaScript without a library, used by
// lmnet_utils.apps.explorer (as an anywidget) and lmnet_utils.apps.gallery (inside one HTML file). rendering/splats.py draws the
// same picture in NumPy, pixel for pixel up to rounding; the browser tests hold the two together.

const REACH = 0.52; // half a picture's side at zoom 1; an object's diagonal is 1
const RADIUS = 0.0105; // of a point's disc, in the object's units
const FADE = 0.62; // how far the farthest point's colour goes towards the background
const SCALE = 32767; // positions come as int16: coordinate · SCALE
const BACKGROUND = [255, 255, 255];

export const COLOURS = { // Okabe and Ito's palette, which colour-blind people can tell apart
  mean: [0, 114, 178], sample: [0, 130, 95], truth: [200, 82, 0], walk: [148, 68, 122],
};

const STYLE = `
.lmnet-view{color:#1b1f24;font:14px/1.4 system-ui,sans-serif;background:#fff}
.lmnet-view h4{margin:.5rem 0 .2rem;font-size:.95rem;font-weight:600}
.lmnet-grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:6px;grid-auto-flow:dense}
.lmnet-grid figure{margin:0;border:1px solid #d4d9de;border-radius:6px;background:#fff;min-width:0;display:flex;flex-direction:column}
.lmnet-grid figure.big{grid-column:span 2;grid-row:span 2}
.lmnet-grid figure.chosen{border-color:#0b5fa5;box-shadow:0 0 0 1px #0b5fa5}
.lmnet-grid canvas,.lmnet-grid img{width:100%;aspect-ratio:1;display:block;border-radius:6px 6px 0 0;object-fit:contain}
.lmnet-grid canvas{cursor:grab;touch-action:pan-y}
.lmnet-grid canvas:focus-visible,.lmnet-thumbs input:focus-visible+img,.lmnet-view button:focus-visible{outline:3px solid #0b5fa5;outline-offset:1px}
.lmnet-grid figcaption{margin-top:auto;padding:2px 6px 4px;font-size:.8rem;color:#3d464f}
.lmnet-foot{display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center;margin:.4rem 0;font-size:.8rem;color:#3d464f}
.lmnet-foot button,.lmnet-files a{font:inherit;padding:.15rem .6rem;border:1px solid #8a939c;border-radius:4px;background:#fff;color:#1b1f24;cursor:pointer}
.lmnet-ramp{display:block;height:8px;margin-top:3px;border:1px solid #8a939c;background:linear-gradient(90deg,#00224e,#35456c,#666970,#948e77,#c8b866,#fee838)}
.lmnet-thumbs{display:flex;gap:4px;overflow-x:auto;padding:4px;margin:0;border:0;min-width:0}
.lmnet-thumbs legend{float:left;flex:none;font:600 .8rem system-ui,sans-serif;color:#1b1f24;width:5.2em;padding:4px 0}
.lmnet-thumbs label{flex:none;text-align:center;font:11px system-ui,sans-serif;color:#3d464f;cursor:pointer}
.lmnet-thumbs input{position:absolute;opacity:0;width:1px;height:1px}
.lmnet-thumbs img{width:52px;height:52px;display:block;border-radius:5px;border:2px solid transparent;background:#000}
.lmnet-thumbs input:checked+img{border-color:#d55e00}
`;

// ---------------------------------------------------------------------------------------------------------- drawing
/** The camera's axes, as camera_axes of geometry/camera.py: azimuth 0° looks at the front, y is up. */
export function axes(camera) {
  const az = (camera.azimuth * Math.PI) / 180, el = (camera.elevation * Math.PI) / 180;
  const towards = [Math.cos(az) * Math.cos(el), Math.sin(el), Math.sin(az) * Math.cos(el)];
  const right = [Math.sin(az), 0, -Math.cos(az)];
  const up = [
    towards[1] * right[2] - towards[2] * right[1],
    towards[2] * right[0] - towards[0] * right[2],
    towards[0] * right[1] - towards[1] * right[0],
  ];
  return { right, up, towards };
}

let depths = new Float32Array(0); // of a canvas' pixels; kept, as a new one for each picture would only be cleared away

/** Draw points as small shaded balls into a canvas: positions Int16Array (3N), y up; colours Uint8Array (3N) or one [r, g, b]. */
export function drawCloud(canvas, positions, colours, camera) {
  const size = canvas.width, context = canvas.getContext("2d"), middle = size / 2;
  const picture = context.createImageData(size, size), pixels = new Uint32Array(picture.data.buffer);
  if (depths.length < size * size) depths = new Float32Array(size * size);
  const depth = depths.fill(-Infinity, 0, size * size);
  pixels.fill(0xff000000 | (BACKGROUND[2] << 16) | (BACKGROUND[1] << 8) | BACKGROUND[0]);
  const { right: [rx, ry, rz], up: [ux, uy, uz], towards: [tx, ty, tz] } = axes(camera);
  const unit = (size / (2 * REACH)) * (camera.zoom || 1), radius = Math.max(RADIUS * unit, 0.9);
  const one = colours.length === 3 && positions.length > 3;
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i] / SCALE, y = positions[i + 1] / SCALE, z = positions[i + 2] / SCALE;
    const column = middle + unit * (x * rx + y * ry + z * rz), row = middle - unit * (x * ux + y * uy + z * uz);
    const near = x * tx + y * ty + z * tz, fade = FADE * Math.min(1, Math.max(0, 0.5 - near)), at = one ? 0 : i;
    // A channel is lit + fade · (background − lit), rounded, with lit = colour · light: all but the light is the point's.
    const red = (1 - fade) * colours[at], green = (1 - fade) * colours[at + 1], blue = (1 - fade) * colours[at + 2];
    const farRed = fade * BACKGROUND[0] + 0.5, farGreen = fade * BACKGROUND[1] + 0.5, farBlue = fade * BACKGROUND[2] + 0.5;
    const top = Math.max(0, Math.ceil(row - radius - 0.5)), bottom = Math.min(size - 1, Math.floor(row + radius - 0.5));
    const left = Math.max(0, Math.ceil(column - radius - 0.5)), end = Math.min(size - 1, Math.floor(column + radius - 0.5));
    for (let r = top; r <= bottom; r++) {
      const dy = (r + 0.5 - row) / radius;
      for (let c = left; c <= end; c++) {
        const dx = (c + 0.5 - column) / radius, outside = dx * dx + dy * dy;
        if (outside > 1) continue;
        const bulge = Math.sqrt(1 - outside), height = near + bulge * RADIUS, place = r * size + c;
        if (height <= depth[place]) continue;
        depth[place] = height;
        const light = 0.7 + 0.3 * bulge;
        pixels[place] = 0xff000000 | ((farBlue + blue * light) << 16) | ((farGreen + green * light) << 8) | (farRed + red * light);
      }
    }
  }
  context.putImageData(picture, 0, 0);
}

function element(name, properties = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/**
 * A set of panels with one camera. `show({groups, positions, colours, camera})`; a panel is {title, kind, image?, points?: [from, count],
 * coloured?: offset of its colours, big?, note?}. Calls onCamera after a turn and onChoose when a panel is picked.
 */
export class View {
  constructor(root, { onCamera = () => {}, onChoose = () => {} } = {}) {
    this.root = root;
    this.camera = { azimuth: 30, elevation: 25, zoom: 1 };
    this.home = { ...this.camera };
    this.onCamera = onCamera;
    this.onChoose = onChoose;
    this.panels = [];
    this.signature = "";
    this.waiting = 0; // the frame that is to draw
    root.classList.add("lmnet-view");
    root.append(element("style", { textContent: STYLE }));
    this.body = element("div");
    root.append(this.body);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.body);
  }

  show({ groups, positions, colours, camera, home }) {
    this.positions = positions;
    this.colours = colours;
    if (camera) this.camera = { ...camera };
    if (home) this.home = { ...home };
    const signature = JSON.stringify(groups.map((g) => [g.label, g.panels.map((p) => [!!p.image, !!p.big])]));
    if (signature !== this.signature) this.build(groups); // otherwise the elements stay, and with them the keyboard's focus
    this.signature = signature;
    const flat = groups.flatMap((group) => group.panels);
    this.panels.forEach((panel, i) => {
      panel.spec = flat[i];
      panel.figure.classList.toggle("chosen", !!flat[i].chosen);
      panel.caption.textContent = flat[i].title + (flat[i].note ? ` · ${flat[i].note}` : "");
      if (flat[i].coloured !== undefined) panel.caption.append(element("span", { className: "lmnet-ramp" })); // cividis
      if (flat[i].image) Object.assign(panel.surface, { src: flat[i].image, alt: flat[i].alt || flat[i].title });
      else panel.surface.setAttribute("aria-label", `${flat[i].alt || flat[i].title}. Arrow keys turn, plus and minus zoom, 0 resets, Enter chooses.`);
    });
    this.fit(true);
  }

  build(groups) {
    this.panels = [];
    this.body.replaceChildren();
    for (const group of groups) {
      const grid = element("div", { className: "lmnet-grid" });
      const heading = group.label ? [element("h4", { textContent: group.label })] : [];
      this.body.append(element("section", {}, [...heading, grid]));
      for (const spec of group.panels) {
        const surface = element(spec.image ? "img" : "canvas"), caption = element("figcaption");
        const figure = element("figure", { className: spec.big ? "big" : "" }, [surface, caption]);
        const panel = { spec, surface, caption, figure };
        if (!spec.image) this.listen(panel);
        this.panels.push(panel);
        grid.append(figure);
      }
    }
  }

  listen(panel) {
    const canvas = panel.surface;
    let start = null;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.addEventListener("pointerdown", (event) => {
      start = { x: event.clientX, y: event.clientY, camera: { ...this.camera }, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!start) return;
      const dx = event.clientX - start.x, dy = event.clientY - start.y;
      start.moved ||= Math.abs(dx) + Math.abs(dy) > 3;
      this.turn(start.camera.azimuth + dx * 0.6, start.camera.elevation + dy * 0.6);
    });
    const finish = () => {
      if (start && !start.moved) this.onChoose(panel.spec);
      else if (start) this.onCamera(this.camera);
      start = null;
    };
    canvas.addEventListener("pointerup", finish);
    canvas.addEventListener("pointercancel", finish);
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => {
      const { azimuth, elevation, zoom } = this.camera;
      const moves = {
        ArrowLeft: [azimuth - 10, elevation], ArrowRight: [azimuth + 10, elevation],
        ArrowUp: [azimuth, elevation + 10], ArrowDown: [azimuth, elevation - 10],
      };
      if (moves[event.key]) this.turn(...moves[event.key]);
      else if (event.key === "+" || event.key === "=") this.turn(azimuth, elevation, zoom * 1.15);
      else if (event.key === "-") this.turn(azimuth, elevation, zoom / 1.15);
      else if (event.key === "0") return this.reset();
      else if (event.key === "Enter") return this.onChoose(panel.spec);
      else return;
      event.preventDefault();
      event.stopPropagation();
      this.onCamera(this.camera);
    });
  }

  turn(azimuth, elevation, zoom = this.camera.zoom) {
    this.camera = {
      azimuth: ((azimuth % 360) + 360) % 360,
      elevation: Math.min(90, Math.max(-90, elevation)),
      zoom: Math.min(4, Math.max(0.5, zoom)),
    };
    this.drawSoon();
  }

  drawSoon() {
    this.waiting ||= requestAnimationFrame(() => this.draw());
  }

  reset() {
    this.camera = { ...this.home };
    this.draw();
    this.onCamera(this.camera);
  }

  /** Give every canvas as many pixels as it has on the screen, and draw if any size has changed. */
  fit(always = false) {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    let changed = always;
    for (const { surface } of this.panels) {
      if (surface.tagName !== "CANVAS" || !surface.clientWidth) continue;
      const size = Math.max(48, Math.round(surface.clientWidth * ratio));
      if (surface.width !== size) { surface.width = surface.height = size; changed = true; }
    }
    if (changed) this.draw();
  }

  draw() {
    cancelAnimationFrame(this.waiting); // what it would draw is drawn now
    this.waiting = 0;
    for (const { spec, surface } of this.panels) {
      if (!spec.points || !surface.clientWidth) continue;
      const [from, count] = spec.points;
      const colours = spec.coloured === undefined ? COLOURS[spec.kind] : this.colours.subarray(spec.coloured, spec.coloured + 3 * count);
      drawCloud(surface, this.positions.subarray(3 * from, 3 * (from + count)), colours, this.camera);
    }
  }
}

// ------------------------------------------------------------------------------------------------------- as a widget
function typed(view, Kind) {
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new Kind(bytes);
}

/** Some front ends give sliders no accessible name and pictures no text; what stands beside them says both. */
function nameControls(root) {
  for (const box of root.querySelectorAll(".widget-inline-hbox, .jupyter-widgets.widget-hslider, .jupyter-widgets")) {
    const label = box.querySelector(":scope > .widget-label, :scope > label")?.textContent?.trim();
    if (!label) continue;
    for (const control of box.querySelectorAll(":scope [role=slider], :scope [contenteditable], :scope input, :scope select")) {
      if (!control.getAttribute("aria-label") && !control.labels?.length) control.setAttribute("aria-label", label);
    }
  }
}

function renderView({ model, el }) {
  let asked = 0;
  const times = [];
  const host = element("div");
  const speed = element("span", { className: "lmnet-speed" });
  const turns = [["◀", "Turn left", -15, 0], ["▶", "Turn right", 15, 0], ["▲", "Look from above", 0, 15], ["▼", "Look from below", 0, -15]];
  const view = new View(host, {
    onCamera: (camera) => { model.set("camera", camera); model.save_changes(); },
    onChoose: (panel) => model.send({ kind: "picked", title: panel.title }),
  });
  const buttons = turns.map(([text, name, dx, dy]) => {
    const button = element("button", { type: "button", textContent: text, title: name });
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => {
      view.turn(view.camera.azimuth + dx, view.camera.elevation + dy);
      view.onCamera(view.camera);
    });
    return button;
  });
  const reset = element("button", { type: "button", textContent: "View of the image" });
  reset.addEventListener("click", () => view.reset());
  const files = element("span", { className: "lmnet-files" });
  files.setAttribute("role", "status");
  const foot = element("div", { className: "lmnet-foot" }, [...buttons, reset, files, speed]);
  host.append(foot);
  el.append(host);

  const redraw = () => {
    view.show({
      groups: model.get("groups"), positions: typed(model.get("positions"), Int16Array),
      colours: typed(model.get("colours"), Uint8Array), camera: model.get("camera"), home: model.get("home"),
    });
    host.dataset.revision = model.get("revision");
    if (asked) {
      const since = asked;
      asked = 0;
      const revision = model.get("revision");
      requestAnimationFrame(() => setTimeout(() => { // after the frame that shows it
        times.push(performance.now() - since);
        if (times.length > 200) times.shift();
        const middle = [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
        host.dataset.latency = times.at(-1).toFixed(1);
        host.dataset.answered = revision;
        speed.textContent = `Picture ${times.at(-1).toFixed(0)} ms after the change, median of ${times.length}: ${middle.toFixed(0)} ms.`;
      }));
    }
  };
  model.on("change:revision", redraw);
  model.on("change:camera", () => { view.camera = { ...model.get("camera") }; view.drawSoon(); });
  model.on("msg:custom", (message, buffers) => {
    if (message.kind !== "file") return;
    const link = element("a", {
      download: message.name, href: URL.createObjectURL(new Blob([buffers[0]], { type: message.type })),
      textContent: `Download ${message.name} (${Math.ceil(buffers[0].byteLength / 1024)} kB)`,
    });
    files.replaceChildren(link);
    if (message.start) link.click();
  });
  redraw();

  // When did the visitor change something? The oldest change that no picture has answered counts.
  const root = () => el.closest(".lmnet-explorer") || el;
  // Opening a menu or moving on by Tab is no change; a slider changes while it is held.
  const slides = (target) => target.closest?.("[role=slider], .noUi-target, .ui-slider");
  const note = (event) => {
    if (host.contains(event.target) || event.key === "Tab") return;
    if (event.type === "change" || slides(event.target)) asked ||= performance.now();
  };
  const names = ["pointerdown", "keydown", "change"];
  const drag = (event) => { if (event.buttons) note(event); };
  let watched = null;
  const watch = () => {
    if (watched === root()) return;
    watched = root();
    names.forEach((name) => watched.addEventListener(name, note, true));
    watched.addEventListener("pointermove", drag, true);
    nameControls(watched);
    new MutationObserver((changes) => {
      nameControls(watched);
      const added = changes.flatMap((change) => [...change.addedNodes]);
      const alert = added.find((node) => node.matches?.(".lmnet-alert") || node.querySelector?.(".lmnet-alert"));
      if (alert) alert.scrollIntoView({ block: "nearest" }); // it stands at the top; who uploads is far below
    }).observe(watched, { childList: true, subtree: true });
  };
  setTimeout(watch, 0);
  setTimeout(watch, 1000);
  return () => view.observer.disconnect();
}

function renderThumbnails({ model, el }) {
  // Radio buttons of one name are one group on the whole page, and a page may load this file once for each row: no counter here.
  const name = `lmnet-thumbs-${Math.random().toString(36).slice(2)}`;
  const set = element("fieldset", { className: "lmnet-thumbs lmnet-view" });
  el.append(element("style", { textContent: STYLE }), set);
  const build = () => {
    set.replaceChildren(element("legend", { textContent: model.get("label") }));
    model.get("items").forEach((item, i) => {
      const input = element("input", { type: "radio", name, value: i, checked: i === model.get("index") });
      input.addEventListener("change", () => { model.set("index", i); model.save_changes(); });
      set.append(element("label", {}, [input, element("img", { src: item.image, alt: item.alt }), item.text]));
    });
    requestAnimationFrame(reveal);
  };
  const reveal = () => { // the chosen one, within its row: the page itself stays where it is
    const chosen = set.querySelector("input:checked")?.parentElement;
    if (!chosen) return;
    const box = chosen.getBoundingClientRect(), row = set.getBoundingClientRect();
    if (box.left < row.left || box.right > row.right) set.scrollLeft += box.left - row.left - row.width / 2;
  };
  const select = () => {
    const input = set.querySelectorAll("input")[model.get("index")];
    set.querySelectorAll("input").forEach((other) => { other.checked = other === input; });
    reveal();
  };
  model.on("change:items", build);
  model.on("change:index", select);
  build();
}

/** A button for one file. Its size is looked at here: at a message above 10 MiB Jupyter cuts the connection, and says nothing. */
function renderUpload({ model, el }) {
  const input = element("input", { type: "file", accept: model.get("accept"), hidden: true });
  const button = element("button", { type: "button", className: "jupyter-button widget-button", textContent: model.get("label") });
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    const about = { kind: "file", name: file.name, size: file.size };
    const content = file.size <= model.get("limit") ? await file.arrayBuffer().catch(() => null) : null;
    model.send(about, undefined, content ? [content] : []);
    input.value = ""; // so that the same file can come again
  });
  el.classList.add("lmnet-upload");
  el.append(button, input);
}

const KINDS = { clouds: renderView, thumbnails: renderThumbnails, upload: renderUpload };

export default { render: (context) => KINDS[context.model.get("kind")](context) };
