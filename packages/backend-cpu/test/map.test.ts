import type { Kernel } from "@chainrule/core";
import * as fc from "fast-check";
import { test } from "vitest";
import { contents, program, shape } from "./arbitraries.ts";
import { check } from "./run.ts";

test("random expressions over random maps give the reference's bits on both emitters", () => {
  fc.assert(
    fc.property(
      shape().chain((shape) =>
        program(shape).chain((program) =>
          fc.record({
            shape: fc.constant(shape),
            program: fc.constant(program),
            data: contents(program.inputs, program.lengths),
          }),
        ),
      ),
      ({ shape, program, data }) => {
        const kernel: Kernel = {
          kind: "map",
          shape,
          inputs: program.inputs,
          outputs: program.outputs,
          key: "",
        };
        check(kernel, data);
      },
    ),
    { numRuns: 1000 },
  );
});
