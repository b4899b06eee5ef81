import * as backendCpu from "@chainrule/backend-cpu";
import * as core from "@chainrule/core";
import * as data from "@chainrule/data";
import * as io from "@chainrule/io";
import * as nn from "@chainrule/nn";
import * as optim from "@chainrule/optim";
import * as train from "@chainrule/train";
import { describe, expect, it } from "vitest";
import * as chainrule from "../src/index.ts";

describe("the umbrella", () => {
  it("has every name of every package, none hidden by another", () => {
    for (const [room, names] of Object.entries({ core, backendCpu, nn, optim, data, io, train })) {
      for (const [name, value] of Object.entries(names)) {
        expect((chainrule as Record<string, unknown>)[name], `${name} of ${room}`).toBe(value);
      }
    }
  });

  it("has registered the CPU backend", async () => {
    expect(chainrule.getBackend().name).toBe("cpu");
    expect(await chainrule.tensor([1, 2]).sum().item()).toBe(3);
  });
});
