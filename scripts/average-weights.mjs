/**
 * node scripts/average-weights.mjs OUT MODEL MODEL …: writes a model folder whose weights are the means of those of several
 * checkpoints of one model, in float32. Checkpoints of one training, one after the other, lie close enough for that, and
 * their mean often errs less than most of them (Wortsman et al., arXiv:2203.05482).
 */
import { writeModelFolder } from '../dist/formats/modelFolder.node.js';
import { float32 } from '../dist/graph/tensorData.js';
import { loadModel } from '../dist/index.node.js';
import { serialiseConfig } from '../dist/models/configFile.js';

const [out, ...names] = process.argv.slice(2);
if (out === undefined || names.length < 2) throw new Error('expected: OUT MODEL MODEL …');

const models = await Promise.all(names.map((name) => loadModel(name)));
const configs = new Set(models.map(({ config }) => JSON.stringify(serialiseConfig(config))));
if (configs.size > 1) throw new Error('one model was expected, their config.json differ');

const tensors = new Map();
for (const [name, tensor] of models[0].tensors) {
  // Whole numbers are counters that inference does not use.
  if (tensor.dtype !== 'float32') {
    tensors.set(name, tensor);
    continue;
  }
  const parts = models.map((model) => model.tensors.get(name).data);
  const mean = tensor.data.map((_, i) => parts.reduce((sum, part) => sum + part[i], 0) / parts.length);
  tensors.set(name, float32(mean, tensor.shape));
}
const card = `Mean of the weights of ${names.join(', ')}.\n`;
await writeModelFolder(out, { config: serialiseConfig(models[0].config), tensors, card });
