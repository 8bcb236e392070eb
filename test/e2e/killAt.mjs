/**
 * Preloaded into a `samus train` (NODE_OPTIONS=--import): kills the process at the moment that SAMUS_TEST_KILL names, as
 * `KIND PART COUNT`: the COUNT-th time that something of that kind is about to be done with what has PART in its name.
 */
import fs from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const [kind, part, count] = process.env.SAMUS_TEST_KILL.split(' ');
let left = Number(count);

function about(to, name) {
  if (to === kind && name.includes(part) && --left === 0) process.kill(process.pid, 'SIGKILL');
}

if (isMainThread) {
  const { open, rename, rm, writeFile } = fs;
  fs.rename = (from, to) => {
    about('move', `${basename(from)}>${basename(to)}`);
    return rename(from, to);
  };
  fs.rm = (path, options) => {
    about('remove', basename(path));
    return rm(path, options);
  };
  fs.writeFile = (path, ...rest) => {
    about('write', basename(path));
    return writeFile(path, ...rest);
  };
  fs.open = async (path, ...rest) => {
    const handle = await open(path, ...rest);
    const write = handle.write.bind(handle);
    handle.write = (...parts) => {
      about('write', basename(path));
      return write(...parts);
    };
    return handle;
  };
  syncBuiltinESMExports();
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
  const { run } = InferenceSession.prototype;
  InferenceSession.prototype.run = function (feeds, ...rest) {
    // Graphs that fold constants have no inputs.
    if ('image' in feeds) about('run', 'target' in feeds ? 'training' : 'validation');
    return run.call(this, feeds, ...rest);
  };
}
