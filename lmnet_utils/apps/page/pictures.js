// Pictures on their way in: read, cut out and placed; from a file, the clipboard, the camera; and the line drawn by hand.

import { PictureError, cutOut, place, remarks, withoutFringe } from "./cutout.js";
import { filled } from "./raster.js";

const RENDERING = 137, EDGE = 4; // pixels of the data set's renderings, and what is cut off them on the left and at the top

function canvasOf(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  return [canvas, canvas.getContext("2d", { willReadFrequently: true })];
}

const worded = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** A picture's bytes (Blob) → {width, height, data} of at most `largest` pixels a side, upright; a PictureError says what is wrong. */
export async function readPicture(blob, name, shared) {
  const { limits, texts, placing: { largest } } = shared;
  if (blob.size > limits.megabytes * 1e6) {
    throw new PictureError(worded(texts.too_large, { name, size: (blob.size / 1e6).toFixed(1), limit: limits.megabytes }));
  }
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" }).catch(() => null);
  if (!bitmap) throw new PictureError(worded(texts.no_picture, { name }));
  const { width, height } = bitmap;
  if (width * height > limits.megapixels * 1e6) throw new PictureError(worded(texts.too_many_pixels, { name, limit: limits.megapixels }));
  if (Math.min(width, height) < limits.smallest) throw new PictureError(worded(texts.too_small, { name, width, height }));
  const scale = Math.min(1, largest / Math.max(width, height));
  const [canvas, context] = canvasOf(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { width: canvas.width, height: canvas.height, data: context.getImageData(0, 0, canvas.width, canvas.height).data };
}

/**
 * A picture → the network's input {pixels, notes}; `drawn` is a mask drawn by hand. A rendering of the data set's size is cut as the
 * data set is; in anything else the object is found and placed.
 */
export function prepared(original, shared, drawn = null) {
  const { placing, texts } = shared, { width, height, data } = original;
  if (width === RENDERING && height === RENDERING && !drawn) {
    const side = placing.size, pixels = new Uint8Array(3 * side * side);
    for (let i = 0; i < side * side; i++) {
      const from = 4 * ((EDGE + Math.floor(i / side)) * width + EDGE + (i % side));
      pixels.set(data.subarray(from, from + 3), 3 * i);
    }
    return { pixels, notes: [] };
  }
  const { mask, method } = cutOut(original, texts, drawn);
  const clean = method === "alpha" ? original : withoutFringe(original, mask);
  return { pixels: place(clean, mask, placing), notes: [worded(texts.cut, { method }), ...remarks(mask, width, height, placing.side, texts)] };
}

/** Pixels (size, size, 3) of an opaque picture of the network's size, as of an example. */
export async function storedPixels(blob) {
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" }), [, context] = canvasOf(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height), pixels = new Uint8Array((3 * data.length) / 4);
  for (let to = 0, from = 0; to < pixels.length; to += 3, from += 4) {
    pixels[to] = data[from];
    pixels[to + 1] = data[from + 1];
    pixels[to + 2] = data[from + 2];
  }
  return pixels;
}

/** Pixels (size, size, 3) as an address, for people: black becomes grey, so that dark objects show. */
export function shownPixels(pixels) {
  const size = Math.sqrt(pixels.length / 3), [canvas, context] = canvasOf(size, size), image = context.createImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    const black = !pixels[3 * i] && !pixels[3 * i + 1] && !pixels[3 * i + 2];
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = black ? 140 : pixels[3 * i + k];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/** Let a line be drawn around the object in a canvas; `take` gets the mask (Uint8Array) of what it encloses. */
export class Lasso {
  constructor(canvas, take) {
    Object.assign(this, { canvas, take, line: [] });
    canvas.addEventListener("pointerdown", (event) => {
      if (!this.picture) return;
      canvas.setPointerCapture(event.pointerId);
      this.line = [this.place(event)];
    });
    canvas.addEventListener("pointermove", (event) => { if (this.line.length) { this.line.push(this.place(event)); this.draw(); } });
    canvas.addEventListener("pointerup", () => this.finish());
    canvas.addEventListener("pointercancel", () => { this.line = []; this.draw(); });
  }

  show(picture) {
    Object.assign(this, { picture, line: [] });
    Object.assign(this.canvas, { width: picture.width, height: picture.height });
    this.image = new ImageData(picture.data.slice(), picture.width, picture.height);
    this.draw();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
  }

  draw() {
    const context = this.canvas.getContext("2d"), width = this.canvas.width / (this.canvas.clientWidth || this.canvas.width);
    context.putImageData(this.image, 0, 0);
    for (const [colour, wide] of [["#fff", 5], ["#0b5fa5", 2.5]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: wide * width, lineJoin: "round" });
      context.stroke(this.path());
    }
  }

  path() {
    const path = new Path2D();
    this.line.forEach(([x, y]) => path.lineTo(x, y));
    return path;
  }

  finish() {
    const path = this.path(), enough = this.line.length > 2;
    path.closePath();
    this.line = [];
    if (!enough) return this.draw();
    const { width, height } = this.picture, [, context] = canvasOf(width, height);
    context.fill(path);
    const { data } = context.getImageData(0, 0, width, height);
    return this.take(filled(Uint8Array, width * height, (i) => data[4 * i + 3] > 127));
  }
}
