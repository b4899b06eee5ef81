import { onesLike, stack, type Tensor } from "@chainrule/core";
import { Estimator, type Transformer } from "../estimator.ts";
import { checkWhole, toMatrix, widest, type Matrix } from "../inputs.ts";

/** Parameters of PolynomialFeatures. */
export interface PolynomialFeaturesOptions {
  /** D, the highest total degree; 2 unless given. */
  readonly degree?: number;
  /** Whether only products of distinct features count; false unless given. */
  readonly interactionOnly?: boolean;
  /** Whether the constant 1 comes first; true unless given. */
  readonly includeBias?: boolean;
}

/** The features that one product takes, as indices in rising order. */
type Product = readonly number[];

/**
 * The feature map of all products of up to D features, φ(x) = (1, x₁, x₂, x₁², x₁·x₂, x₂², …), in scikit-learn's order:
 * of one feature (1, x, …, x^D). [n, features] becomes [n, products].
 *
 * @throws OptionError for a parameter out of range.
 */
export class PolynomialFeatures
  extends Estimator<Required<PolynomialFeaturesOptions>>
  implements Transformer
{
  #features: number | null = null;

  constructor(options: PolynomialFeaturesOptions = {}) {
    super({ degree: 2, interactionOnly: false, includeBias: true, ...options });
    checkWhole("PolynomialFeatures", "degree", this.parameters.degree, 0);
  }

  /** Learns how many features there are. ShapeError unless the examples are a table. */
  async fit(x: Matrix): Promise<this> {
    this.#features = toMatrix("PolynomialFeatures", x, widest()).shape[1]!;
    return this;
  }

  /**
   * The products of each row's features. Lazy.
   *
   * @throws StateError before `fit`, ShapeError for another number of features.
   */
  transform(x: Matrix): Tensor {
    const features = this.fitted(this.#features, "transform");
    const examples = toMatrix("PolynomialFeatures", x, widest(), features);
    const columns = examples.unstack(1);
    const known = new Map<string, Tensor>([["", onesLike(columns[0]!)]]);
    const columnOf = (product: Product): Tensor => {
      const key = product.join();
      // Each product is one multiplication away from a shorter one.
      const value =
        known.get(key) ??
        (product.length === 1
          ? columns[product[0]!]!
          : columnOf(product.slice(0, -1)).mul(columns[product.at(-1)!]!));
      known.set(key, value);
      return value;
    };
    return stack(this.#products(features).map(columnOf), 1);
  }

  /** `fit`, then `transform`. */
  async fitTransform(x: Matrix): Promise<Tensor> {
    await this.fit(x);
    return this.transform(x);
  }

  /** The power of each feature in each product, [products][features]. StateError before `fit`. */
  get powers(): readonly (readonly number[])[] {
    const features = this.fitted(this.#features, "powers");
    return this.#products(features).map((product) =>
      Array.from({ length: features }, (_, feature) => product.filter((one) => one === feature).length),
    );
  }

  #products(features: number): Product[] {
    const { degree, interactionOnly, includeBias } = this.parameters;
    const all: Product[] = includeBias || degree === 0 ? [[]] : [];
    let longest: Product[] = [[]];
    for (let d = 1; d <= degree; d++) {
      longest = longest.flatMap((product) => {
        const from = product.length === 0 ? 0 : product.at(-1)! + Number(interactionOnly);
        return Array.from({ length: Math.max(0, features - from) }, (_, i) => [...product, from + i]);
      });
      all.push(...longest);
    }
    return all;
  }
}
