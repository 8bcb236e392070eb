/**
 * Asks a model of transformers.js for masks, in Node (`node askTransformers.mjs LIBRARY TASK.json`, answers on stdout) and in
 * a page, which imports `ask`.
 */

/**
 * @param library transformers.js
 * @param task `models` (folder or address), `model`, `dtype`, `cases` with `image` (file or address), `point` and `box`
 * @returns for each case the shapes, and mask 0 of the click and of the box as lengths of runs, beginning with zeros
 */
export async function ask(library, task) {
  const { AutoProcessor, RawImage, Sam2Model, env } = library;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = task.models;
  env.useBrowserCache = false;
  env.useFSCache = false;
  if (task.wasm) {
    env.backends.onnx.wasm.wasmPaths = task.wasm;
    env.backends.onnx.wasm.numThreads = 1;
  }
  const model = await Sam2Model.from_pretrained(task.model, { dtype: task.dtype, device: task.device });
  const processor = await AutoProcessor.from_pretrained(task.model);
  const answers = [];
  for (const { image: path, point, box } of task.cases) {
    const image = await RawImage.read(path);
    const masks = [];
    for (const prompt of [{ input_points: [[[point]]] }, { input_boxes: [[box]] }]) {
      const inputs = await processor(image, prompt);
      const output = await model(inputs);
      const { original_sizes, reshaped_input_sizes } = inputs;
      const [all] = await processor.post_process_masks(output.pred_masks, original_sizes, reshaped_input_sizes);
      masks.push(runs(all.data.subarray(0, image.width * image.height)));
      if (masks.length > 1) continue;
      answers.push({ masks, shape: output.pred_masks.dims, scores: Array.from(output.iou_scores.data) });
    }
  }
  return answers;
}

function runs(mask) {
  const lengths = [];
  let [value, start] = [0, 0];
  for (let i = 0; i <= mask.length; i++) {
    if (i < mask.length && (mask[i] ? 1 : 0) === value) continue;
    lengths.push(i - start);
    [value, start] = [1 - value, i];
  }
  return lengths;
}

const [library, task] = globalThis.process?.argv.slice(2) ?? [];
if (library && task) {
  const { readFileSync } = await import('node:fs');
  const { pathToFileURL } = await import('node:url');
  const module = await import(pathToFileURL(library).href);
  process.stdout.write(JSON.stringify(await ask(module, JSON.parse(readFileSync(task, 'utf8')))));
}
