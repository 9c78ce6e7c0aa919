// What is saved: clouds as PLY and GLB.

/** A cloud, Float32Array (P, 3), as binary little-endian PLY. */
export function ply(cloud) {
  const header = `ply\nformat binary_little_endian 1.0\nelement vertex ${cloud.length / 3}\nproperty float x\nproperty float y\nproperty float z\nend_header\n`;
  const made = new Uint8Array(header.length + 4 * cloud.length), view = new DataView(made.buffer);
  made.set(new TextEncoder().encode(header));
  cloud.forEach((value, i) => view.setFloat32(header.length + 4 * i, value, true));
  return made;
}

/** A cloud with y up as binary glTF 2.0: points of one colour [r, g, b], 0…255. */
export function glb(cloud, colour, name) {
  const count = cloud.length / 3, axes = [0, 1, 2].map((axis) => cloud.filter((_, i) => i % 3 === axis));
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4); // glTF's colours are not sRGB
  const rgba = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) rgba.set([...colour.map((value) => Math.round(255 * linear(value / 255))), 255], 4 * i);
  const gltf = {
    asset: { version: "2.0", generator: "3D-LMNet notebook kit" },
    scene: 0, scenes: [{ nodes: [0] }], nodes: [{ mesh: 0, name }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, COLOR_0: 1 }, mode: 0 }] }],
    accessors: [
      { bufferView: 0, componentType: 5126, count, type: "VEC3", min: axes.map((values) => values.reduce((a, b) => Math.min(a, b))), max: axes.map((values) => values.reduce((a, b) => Math.max(a, b))) },
      { bufferView: 1, componentType: 5121, normalized: true, count, type: "VEC4" },
    ],
    bufferViews: [{ buffer: 0, byteOffset: 0, byteLength: 12 * count, target: 34962 }, { buffer: 0, byteOffset: 12 * count, byteLength: 4 * count, target: 34962 }],
    buffers: [{ byteLength: 16 * count }],
  };
  const text = new TextEncoder().encode(JSON.stringify(gltf)), padded = Math.ceil(text.length / 4) * 4;
  const made = new Uint8Array(28 + padded + 16 * count).fill(0x20, 20, 20 + padded), view = new DataView(made.buffer);
  const words = (at, ...values) => values.forEach((value, i) => view.setUint32(at + 4 * i, value, true));
  words(0, 0x46546c67, 2, made.length, padded, 0x4e4f534a);
  made.set(text, 20);
  words(20 + padded, 16 * count, 0x004e4942);
  cloud.forEach((value, i) => view.setFloat32(28 + padded + 4 * i, value, true));
  made.set(rgba, 28 + padded + 12 * count);
  return made;
}
