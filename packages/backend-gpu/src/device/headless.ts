import type { GlDevice } from "./gl-device.ts";

/** Node's own modules, without an import that a bundler for browsers would follow. */
interface Host {
  readonly process?: {
    getBuiltinModule?(name: "node:module"): { createRequire(from: string): (name: string) => unknown };
  };
}

type Create = (width: number, height: number, options: object) => WebGL2RenderingContext | null;

const install =
  'install it beside this package ("npm install gl@^9.0.0-rc.10" has WebGL2, "gl@8" builds itself and has WebGL1), ' +
  'or ask for createGpu({ mode: "webasm" }) or "cpu"';

/** `gl`, which whoever wants this mode installs. Gives the reason where it cannot be had. */
function load(): Create | string {
  const node = (globalThis as Host).process?.getBuiltinModule?.("node:module");
  if (node === undefined) return 'headlessgl runs in Node; here there is "webgl2"';
  try {
    return node.createRequire(import.meta.url)("gl") as Create;
  } catch (error) {
    const [message = ""] = (error as Error).message.split("\n");
    return `the package "gl" does not load (${message}): ${install}`;
  }
}

/** The adapter's own name: `gl` answers with a fixed one, and the binding that it wraps with the truth. */
function adapterOf(gl: WebGL2RenderingContext): string {
  let adapter = "unknown";
  for (let kind: unknown = gl; kind !== null; kind = Object.getPrototypeOf(kind)) {
    if (!Object.hasOwn(kind as object, "getParameter")) continue;
    adapter = String((kind as WebGL2RenderingContext).getParameter.call(gl, gl.RENDERER));
  }
  return adapter;
}

/** Opens a context of `gl`, WebGL2 where its version has that; the reason where it opens none. */
export function openHeadless(): GlDevice | string {
  const create = load();
  if (typeof create === "string") return create;
  // Versions without WebGL2 do not know the option.
  const gl = create(1, 1, { createWebGL2Context: true });
  if (gl === null) {
    return 'the package "gl" opens no context, which needs an X display: run under "xvfb-run -a", or set DISPLAY';
  }
  return {
    mode: "headlessgl",
    gl,
    version: "texStorage2D" in gl ? 2 : 1,
    // `gl` reads zeros through a buffer.
    asynchronousReads: false,
    adapter: adapterOf(gl),
    close: () => (gl.getExtension("STACKGL_destroy_context") as { destroy(): void } | null)?.destroy(),
  };
}
