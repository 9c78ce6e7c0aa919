// What computes the networks: onnxruntime-web on the graphics card by WebGPU, where the folder has that runtime and the browser a card
// that it may use so; else on the processor by WebAssembly. Whatever fails on the card goes on on the processor.

const RUNTIME = new URL("./runtime/", import.meta.url).href;

/** Is there a graphics card for WebGPU? One that is only played by the processor counts if the address asks for it by ?webgpu. */
async function hasCard() {
  if (!navigator.gpu || !WebAssembly.Suspending) return false; // the runtime waits for the card by way of the latter
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  return Boolean(adapter) && (!adapter.info?.isFallbackAdapter || new URLSearchParams(location.search).has("webgpu"));
}

/** Opens networks; `name` says what computes them. */
export class Engine {
  /** `webgpu`: the folder has the runtime for it. */
  static async open(webgpu) {
    const engine = new Engine();
    engine.last = Promise.resolve();
    if (webgpu && (await hasCard())) await engine.start("WebGPU", "ort.jspi.min.mjs").catch((error) => engine.leave("WebGPU", error));
    else await engine.toProcessor();
    return engine;
  }

  async start(name, file) {
    this.ort = await import(RUNTIME + file);
    this.ort.env.wasm.wasmPaths = RUNTIME;
    this.ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
    this.name = name;
  }

  toProcessor() {
    this.moved ??= this.start("WebAssembly", "ort.wasm.min.mjs");
    return this.moved;
  }

  /** Away from what failed; from the processor there is nowhere to go. */
  leave(name, error) {
    if (name !== "WebGPU") throw error;
    console.warn("WebGPU failed, the processor goes on:", error);
    return this.toProcessor();
  }

  /** One thing at a time: while a runtime waits for the card it cannot begin another. */
  inTurn(act) {
    this.last = this.last.then(act, act);
    return this.last;
  }

  /** The network of an ONNX file's bytes. */
  async network(bytes) {
    const network = Object.assign(new Network(), { engine: this, bytes });
    await this.inTurn(() => network.open());
    return network;
  }
}

class Network {
  async open() {
    const { engine, bytes } = this, { ort, name } = engine, provider = name === "WebGPU" ? "webgpu" : "wasm";
    try {
      this.session = await ort.InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 3 });
      Object.assign(this, { ort, name });
    } catch (error) {
      await engine.leave(name, error);
      await this.open();
    }
  }

  /** Numbers (Float32Array) of a shape for the one input → outputs by name, each {dims, data}. */
  run(values, shape) { return this.engine.inTurn(() => this.compute(values, shape)); }

  async compute(values, shape) {
    const { session, ort, name } = this;
    try {
      return await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", values, shape) });
    } catch (error) {
      await this.engine.leave(name, error);
      await this.open();
      return this.compute(values, shape);
    }
  }
}
