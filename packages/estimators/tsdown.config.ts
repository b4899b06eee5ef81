export { default } from "../../tools/build/tsdown.ts";
