import type { TypedArray } from "@chainrule/core";
import { Emitter, type EmitterKind, type Program } from "./emitter.ts";
import type { Operation } from "./operation.ts";
import { helpers, type Helpers } from "./special.ts";

const compileText = (text: string): ((h: Helpers, s: readonly TypedArray[]) => Program) =>
  new Function("h", "s", text) as (h: Helpers, s: readonly TypedArray[]) => Program;

/** Whether text can be compiled here: pages and processes may forbid it. */
export function canCompileText(): boolean {
  try {
    return new Function("return 1")() === 1;
  } catch {
    return false;
  }
}

/**
 * Never run, only long: V8's middle tier inlines a short kernel into the function that calls it, where a loop can no
 * longer be replaced by the code of the top tier, and is ten times slower. Too long a function is not inlined.
 */
const padding = `if(b===p0)return[${"p0,p1,p2,p3,".repeat(40)}];\n`;

/** Writes a kernel as the text of one function; V8 then sees loops over typed arrays with literal strides. */
class TextEmitter extends Emitter<string> {
  #text = "";
  #names = 0;

  #name(prefix: string): string {
    return `${prefix}${this.#names++}`;
  }

  literal(value: number): string {
    if (Object.is(value, -0)) return "(-0)";
    return value < 0 ? `(${value})` : `${value}`;
  }

  truth(value: boolean): string {
    return `${value}`;
  }

  parameter(position: number): string {
    return `p${position}`;
  }

  apply(operation: Operation, x: string, y = "", z = ""): string {
    return operation.text(x, y, z);
  }

  choose(condition: string, x: string, y: string): string {
    return `(${condition}?${x}:${y})`;
  }

  load(buffer: number, index: string): string {
    return `b${buffer}[${index}]`;
  }

  store(buffer: number, index: string, value: string): void {
    this.#text += `b${buffer}[${index}]=${value};\n`;
  }

  fill(buffer: number, value: number): void {
    this.#text += `b${buffer}.fill(${value});\n`;
  }

  bind(value: string): string {
    const name = this.#name("v");
    this.#text += `const ${name}=${value};\n`;
    return name;
  }

  variable(value: string): string {
    const name = this.#name("a");
    this.#text += `let ${name}=${value};\n`;
    return name;
  }

  assign(variable: string, value: string): void {
    this.#text += `${variable}=${value};\n`;
  }

  perform(operation: Operation, x: string, y: string): void {
    this.#text += `${operation.text(x, y, "")};\n`;
  }

  protected range(from: string, to: string, step: number, body: (index: string) => void): void {
    const i = this.#name("i");
    this.#text += `for(let ${i}=${from};${i}<${to};${i}+=${step}){\n`;
    body(i);
    this.#text += "}\n";
  }

  when(condition: string, body: () => void): void {
    this.#text += `if(${condition}){\n`;
    body();
    this.#text += "}\n";
  }

  finish(buffers: number, scratch: readonly TypedArray[]): Program {
    const names = Object.keys(helpers).join(",");
    let head = `"use strict";const {${names}}=h;\nreturn function(b,p0,p1,p2,p3,p4){\n${padding}`;
    for (let i = 0; i < buffers; i++) head += `const b${i}=b[${i}];\n`;
    for (let i = 0; i < scratch.length; i++) head += `const b${buffers + i}=s[${i}];\n`;
    return compileText(`${head}${this.#text}}`)(helpers, scratch);
  }
}

/** Programs compiled from text. */
export const textKind: EmitterKind = {
  mode: "codegen",
  lower(emit, buffers, scratch = []) {
    const emitter = new TextEmitter();
    emit(emitter);
    return emitter.finish(buffers, scratch);
  },
};
