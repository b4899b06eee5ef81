import { OptionError } from "@chainrule/core";
import type { Predictor } from "../estimator.ts";
import type { CrossValidationOptions } from "./cross-validation.ts";
import { Search } from "./search.ts";

/** The values to try of each parameter. */
export type Grid<Parameters> = { readonly [Name in keyof Parameters]: readonly Parameters[Name][] };

/**
 * Tries every combination of the values listed, the last parameter fastest.
 *
 *     const search = new GridSearch(({ degree, alpha }) =>
 *       new Pipeline(new PolynomialFeatures({ degree }), new LinearRegression({ alpha })),
 *       { degree: [1, 2, 3], alpha: [0, 0.1] });
 *
 * @throws OptionError where a parameter has no values.
 */
export class GridSearch<Parameters extends object, P extends Predictor = Predictor> extends Search<
  Parameters,
  P
> {
  readonly grid: Grid<Parameters>;

  constructor(
    make: (parameters: Parameters) => P,
    grid: Grid<Parameters>,
    options: CrossValidationOptions<P> = {},
  ) {
    super(make, options);
    for (const [name, values] of Object.entries<readonly unknown[]>(grid)) {
      if (values.length === 0) throw new OptionError(`GridSearch: there are no values of ${name} to try`);
    }
    this.grid = grid;
  }

  override clone(): GridSearch<Parameters, P> {
    return new GridSearch(this.make, this.grid, this.options);
  }

  protected override candidates(): Parameters[] {
    let all: object[] = [{}];
    for (const [name, values] of Object.entries<readonly unknown[]>(this.grid)) {
      all = all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
    }
    return all as Parameters[];
  }
}
