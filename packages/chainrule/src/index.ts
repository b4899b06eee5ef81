import { cpu } from "@chainrule/backend-cpu";
import { registerBackend } from "@chainrule/core";

registerBackend(cpu);

export * from "@chainrule/backend-cpu";
export * from "@chainrule/core";
export * from "@chainrule/data";
export * from "@chainrule/io";
export * from "@chainrule/nn";
export * from "@chainrule/optim";
export * from "@chainrule/train";
