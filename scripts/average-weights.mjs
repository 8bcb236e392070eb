/**
 * node scripts/average-weights.mjs OUT MODEL MODEL …: writes a model folder whose weights are the means of those of several
 * checkpoints of one model, in float32. Checkpoints of one training, one after the other, lie close enough for that, and
 * their mean errs less than each of them (Wortsman et al., arXiv:2203.05482).
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
for (const [name, { data, shape, dtype }] of models[0].tensors) {
  const sum = new Float64Array(data.length);
  for (const model of models) {
    const values = model.tensors.get(name).data;
    for (let i = 0; i < sum.length; i++) sum[i] += values[i];
  }
  // Whole numbers are counters that inference does not use.
  if (dtype === 'float32')
    tensors.set(
      name,
      float32(
        Float32Array.from(sum, (value) => value / models.length),
        shape,
      ),
    );
  else tensors.set(name, models[0].tensors.get(name));
}
const card = `Mean of the weights of ${names.join(', ')}.\n`;
await writeModelFolder(out, { config: serialiseConfig(models[0].config), tensors, card });
