import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

const variable = (shape) => tf.variable(tf.randomUniform(shape, -0.05, 0.05));
const [w1, b1, w2, b2] = [[784, 128], [128], [128, 10], [10]].map(variable);
const optimizer = tf.train.adam(1e-3);

export async function train(x, labels) {
  const loss = optimizer.minimize(() => {
    const hidden = tf.relu(tf.add(tf.matMul(tf.tensor2d(x, [labels.length, 784]), w1), b1));
    const logits = tf.add(tf.matMul(hidden, w2), b2);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, "int32"), 10), logits);
  }, true);
  return (await loss.data())[0];
}
