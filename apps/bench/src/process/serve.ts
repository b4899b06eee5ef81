import type { TargetCase, TrainingCase, WorkCase } from "../case.ts";
import type { Computation, Implementation, Open } from "../impl/implementation.ts";
import {
  convolutionInputs,
  elementwiseInputs,
  initialParameters,
  productInputs,
  trainingBatch,
} from "../inputs.ts";
import {
  type Answers,
  type Command,
  encode,
  type EncodedArrays,
  type Request,
  type TargetReached,
} from "./protocol.ts";

/** Work that is ready to be timed. */
interface Ready {
  run(times: number): Promise<void>;
  results(): Promise<EncodedArrays>;
  dispose(): void;
}

/** What only Node can do: browsers have neither files nor a process of their own. */
export interface NodeAbilities {
  peakMemory(): number;
  reachTarget(implementation: Implementation, target: TargetCase): Promise<TargetReached>;
}

/** Answers the requests of a JavaScript worker. */
export class Server {
  readonly #open: Open;
  readonly #peers: string;
  readonly #node: NodeAbilities | null;
  #implementation: Implementation | undefined;
  #ready: Ready | undefined;

  constructor(open: Open, peers: string, node: NodeAbilities | null = null) {
    this.#open = open;
    this.#peers = peers;
    this.#node = node;
  }

  async answer(request: Request): Promise<Answers[Command]> {
    switch (request.command) {
      case "open": {
        const { version, mode, threads } = await this.#start(request.threads);
        return { version, mode, threads };
      }
      case "check":
        return this.#check(request.work, request.steps);
      case "prepare":
        this.#release();
        this.#ready = this.#prepare(request.work);
        return null;
      case "run": {
        const ready = this.#ready;
        if (!ready) throw new Error("run: nothing is prepared");
        const start = performance.now();
        await ready.run(request.times);
        return { milliseconds: performance.now() - start };
      }
      case "release":
        this.#release();
        return null;
      case "start-up": {
        const start = performance.now();
        await this.#start(request.threads);
        await this.#prepare(request.work).run(1);
        return { milliseconds: performance.now() - start };
      }
      case "target":
        return this.#abilities().reachTarget(this.#opened(), request.target);
      case "tensors": {
        const implementation = await this.#start(request.threads, true);
        await this.#prepare(request.work).run(request.steps);
        if (!implementation.held) throw new Error("it does not tell what its tensors hold");
        return implementation.held();
      }
      case "memory":
        return { bytes: this.#abilities().peakMemory() };
    }
  }

  async #start(threads: number, watch: boolean = false): Promise<Implementation> {
    return (this.#implementation = await this.#open({ threads, peers: this.#peers, watch }));
  }

  #abilities(): NodeAbilities {
    if (!this.#node) throw new Error("this is not measured in a browser");
    return this.#node;
  }

  #opened(): Implementation {
    if (!this.#implementation) throw new Error("no framework is loaded");
    return this.#implementation;
  }

  async #check(work: WorkCase, steps: number): Promise<EncodedArrays> {
    const ready = this.#prepare(work);
    try {
      await ready.run(work.kind === "training" ? steps : 1);
      return await ready.results();
    } finally {
      ready.dispose();
    }
  }

  #prepare(work: WorkCase): Ready {
    const implementation = this.#opened();
    if (work.kind === "training") {
      const trainer = implementation.trainer(work, initialParameters(work.network));
      trainer.load(trainingBatch(work));
      let loss = Number.NaN;
      return {
        async run(times) {
          await trainer.steps(times);
          loss = await trainer.loss();
        },
        async results() {
          const parameters = (await trainer.parameters()).map((values, i) => [`${i}`, encode(values)]);
          return { loss: encode(Float32Array.of(loss)), ...Object.fromEntries(parameters) };
        },
        dispose: () => trainer.dispose(),
      };
    }
    const computation = computationOf(implementation, work);
    let result: Float32Array = new Float32Array();
    return {
      async run(times) {
        await computation.repeat(times);
        result = await computation.read();
      },
      results: async () => ({ result: encode(result) }),
      dispose: () => computation.dispose(),
    };
  }

  #release(): void {
    this.#ready?.dispose();
    this.#ready = undefined;
  }
}

function computationOf(implementation: Implementation, work: Exclude<WorkCase, TrainingCase>): Computation {
  switch (work.kind) {
    case "product": {
      const { a, b } = productInputs(work);
      return implementation.product(work, a, b);
    }
    case "elementwise": {
      const { x, y } = elementwiseInputs(work);
      return implementation.elementwise(work, x, y);
    }
    case "convolution":
      return implementation.convolution(work, convolutionInputs(work));
  }
}
