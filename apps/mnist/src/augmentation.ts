import { augmentImages, type AugmentOptions, type DataLoaderOptions, type Mnist } from "@chainrule/data";

/**
 * How training images are changed at random: as hands differ, by little enough that a digit stays itself. Noise is left
 * out: it takes as long as all the rest, and LeNet reads the test images no better for it.
 */
export const augmentation = {
  shift: 2,
  rotate: 10,
  scale: 0.1,
  elastic: { strength: 1.5, smoothness: 4 },
} as const satisfies AugmentOptions;

/** The changes in a few words. */
export function describeAugmentation(): string {
  const { shift, rotate, scale, elastic } = augmentation;
  return `shift ±${shift} px, turn ±${rotate}°, size ±${100 * scale} %, elastic ${elastic.strength} px`;
}

/** For a loader of training images: each is changed anew in each epoch, as the seed says. */
export const augmenting = (
  { height, width }: Pick<Mnist, "height" | "width">,
  seed: number,
): Pick<DataLoaderOptions, "map"> => ({
  map: augmentImages({ ...augmentation, size: [height, width], seed }),
});
