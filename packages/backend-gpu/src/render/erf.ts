/** Beyond this erf is ±1 in float32. */
export const erfEnd = 3.92;

/** erf x / x on |x| ≤ `erfEnd` as a polynomial in 2·x² / `erfEnd`² − 1, highest power first; 1e-9 at worst. */
export const erfCoefficients: readonly number[] = [
  0.0003788009508, -0.0009379143766, 0.0006125363165, -0.001050358928, 0.004282949024, -0.008162878997,
  0.01225953099, -0.01962328352, 0.03058619293, -0.04358337182, 0.05817710485, -0.07399038458, 0.09062330814,
  -0.1091818087, 0.1340833558, -0.1801085634, 0.3607368202,
];
