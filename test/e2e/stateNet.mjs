/**
 * Preloaded into `samus` (NODE_OPTIONS=--import): adds a network with running statistics and every kind of dropout, for
 * tests of state in training.
 */
import { crossEntropy, relu } from '../../dist/graph/index.js';
import { registerArchitecture } from '../../dist/models/index.js';
import { batchNorm2d, conv2d, dropout, dropout2d, dropPath } from '../../dist/nn/index.js';

registerArchitecture({
  id: 'state-net',
  title: 'StateNet',
  presets: { 'state-net-s': { architecture: 'state-net', imageSize: 32 } },
  readConfig: (fields) => ({ architecture: 'state-net', imageSize: fields.whole('imageSize', 1024) }),
  rules: () => [],
  recognise: (tensors) => (tensors.has('state.weight') ? { architecture: 'state-net', imageSize: 32 } : undefined),
  preprocessing: () => ({ channels: 1, fit: 'stretch', mean: [0], std: [255] }),
  describe: () => '',
  task: 'classes',
  classes: () => 2,
  forward(p, _, image) {
    const first = relu(batchNorm2d(p.at('norm'), conv2d(p.at('state'), image, 4, { kernel: 3, padding: 1 })));
    const x = dropPath(p.at('path'), dropout(p.at('drop'), dropout2d(p.at('maps'), first, 0.25), 0.25), 0.25);
    return { logits: conv2d(p.at('head'), x, 2, { kernel: 1 }) };
  },
  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => ({ loss: crossEntropy(logits, target) }),
    settings: { epochs: 1, batch: 2, learningRate: 0.01, weightDecay: 0 },
  },
});
