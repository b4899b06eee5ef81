import { at, type Dense, fromFront, generate, offsetOf } from "./dense.ts";

/** `out[…i…] = x[…indices[…i…]…]` along an axis, in the shape of the indices. */
export function gather(x: Dense, indices: Dense, axis: number): Dense {
  const front = fromFront(axis, x.shape.length);
  return generate(indices.shape, (position) => at(x, position.with(front, at(indices, position))));
}

/** Whole slices of `x` at indices of any shape, which takes the place of the axis. */
export function take(x: Dense, indices: Dense, axis: number): Dense {
  const front = fromFront(axis, x.shape.length);
  const shape = [...x.shape.slice(0, front), ...indices.shape, ...x.shape.slice(front + 1)];
  return generate(shape, (position) => {
    const index = position.slice(front, front + indices.shape.length);
    const rest = position.slice(front + indices.shape.length);
    return at(x, [...position.slice(0, front), at(indices, index), ...rest]);
  });
}

/** `x`, with each element of `source` added where its index points along the axis. */
export function scatterAdd(x: Dense, indices: Dense, source: Dense, axis: number): Dense {
  const front = fromFront(axis, x.shape.length);
  const data = x.data.slice();
  generate(indices.shape, (position) => {
    data[offsetOf(x.shape, position.with(front, at(indices, position)))]! += at(source, position);
    return 0;
  });
  return { shape: x.shape, data };
}

/** 1 where the new last axis meets the index, else 0. */
export const oneHot = (indices: Dense, classes: number): Dense =>
  generate([...indices.shape, classes], (position) =>
    at(indices, position.slice(0, -1)) === position.at(-1) ? 1 : 0,
  );
