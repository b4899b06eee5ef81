import { jit, nn, numpy as np, random, valueAndGrad } from "@jax-js/jax";

let parameters = [[128, 784], [128], [10, 128], [10]].map((shape, i) => random.uniform(random.key(i), shape));
let [m, v] = [1, 2].map(() => parameters.map(({ shape }) => np.zeros(shape)));

const gradient = valueAndGrad(([w1, b1, w2, b2], x, target) => {
  const hidden = nn.relu(np.matmul(x, np.transpose(w1)).add(b1));
  const logits = np.matmul(hidden, np.transpose(w2)).add(b2);
  return nn.logSoftmax(logits, -1).mul(target).sum().neg();
});

const step = jit((parameters, m, v, x, target, rate) => {
  const [loss, gradients] = gradient(
    parameters.map((parameter) => parameter.ref),
    x,
    target,
  );
  m = m.map((old, i) => old.mul(0.9).add(gradients[i].ref.mul(0.1)));
  v = v.map((old, i) => old.mul(0.999).add(np.square(gradients[i]).mul(0.001)));
  const next = parameters.map((parameter, i) =>
    parameter.sub(m[i].ref.mul(rate.ref).div(np.sqrt(v[i].ref).add(1e-8))),
  );
  rate.dispose();
  return [loss, next, m, v];
});

export async function train(x, labels, rate) {
  const target = nn.oneHot(np.array(labels), 10);
  const batch = np.array(x).reshape([labels.length, 784]);
  let loss;
  [loss, parameters, m, v] = step(parameters, m, v, batch, target, np.array([rate]));
  return (await loss.data())[0];
}
