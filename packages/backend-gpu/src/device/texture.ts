/** Elements in a texture, in the form in which gpu.js takes textures as arguments and outputs. */
export class DeviceTexture {
  readonly type = "ArrayTexture(1)";
  readonly texture: WebGLTexture;
  readonly context: WebGL2RenderingContext;
  /** Width and height. */
  readonly size: Int32Array;
  /** The elements as gpu.js indexes them: one axis. */
  readonly dimensions: Int32Array;
  readonly output: readonly number[];

  /** The pool that it came from: that of another context, or of one that was lost since, is another. */
  readonly pool: object;
  readonly bytes: number;

  constructor(
    pool: object,
    context: WebGL2RenderingContext,
    texture: WebGLTexture,
    channels: number,
    width: number,
    height: number,
  ) {
    this.pool = pool;
    this.context = context;
    this.texture = texture;
    this.bytes = 4 * channels * width * height;
    this.size = Int32Array.of(width, height);
    this.dimensions = Int32Array.of(width * height, 1, 1);
    this.output = [width * height];
  }

  get width(): number {
    return this.size[0]!;
  }

  get height(): number {
    return this.size[1]!;
  }

  /** Asked by gpu.js before it draws into this texture: nobody else holds it. */
  beforeMutate(): boolean {
    return false;
  }
}
