import { StateError, type Tensor, type TypedArray } from "@chainrule/core";

/** The elements of a tensor while they wait on the host; null where they are computed, or on a device. */
export function elementsAtHand({ node: { storage } }: Tensor): TypedArray | null {
  if (storage === null || storage.device !== null) return null;
  try {
    return storage.host;
  } catch (error) {
    // An argument of a function that is being captured has a shape and no elements.
    if (error instanceof StateError) return null;
    throw error;
  }
}
