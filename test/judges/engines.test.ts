/**
 * Exported models in programs of others: onnx.checker, ONNX Runtime and OpenVINO for every architecture; a Triton repository by
 * Triton's schema, and served by KServe's server to KServe's and Triton's clients.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onnxFormat } from '../../src/export/onnxFormat.js';
import type { ExportDType } from '../../src/export/options.js';
import { writeExport } from '../../src/export/writeExport.node.js';
import type { ModelConfig } from '../../src/models/architecture.js';
import { nodeRuntime } from '../../src/runtime/nodeRuntime.node.js';
import { newFolder, removeFolder, samus } from '../e2e/samusProcess.js';
import { ROOT } from '../support/docs.js';
import { freePort } from '../support/freePort.js';
import { goldenPath } from '../support/golden.js';
import { TINY, TINY_SAM, TINY_SAMUS, tinyModel } from '../support/tinyModel.js';
import { installedFromPyPi } from './installed.js';

const PACKAGES = [
  'kserve==0.21.0',
  'onnx==1.23.2',
  'onnxruntime==1.32.0',
  'openvino==2026.4.1',
  'tritonclient[http]==2.73.0',
];
const PROGRAM = join(ROOT, 'test/judges/engines.py');

let folder = '';
let python = '';
let server: ChildProcess | undefined;

beforeAll(() => {
  folder = newFolder();
  python = installedFromPyPi('engines', PACKAGES);
});
afterAll(() => {
  server?.kill();
  removeFolder(folder);
});

async function judge(...args: string[]) {
  const { stdout } = await promisify(execFile)(python, [PROGRAM, ...args], { maxBuffer: 1e8 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

it('every architecture passes onnx.checker and gives the same results in ONNX Runtime and OpenVINO', async () => {
  const runtime = nodeRuntime({ worker: false });
  const cases: [name: string, config: ModelConfig, dtype: ExportDType][] = [
    ...Object.entries(TINY).map(([name, config]): [string, ModelConfig, ExportDType] => [name, config, 'float32']),
    ['unet-point', { ...TINY.unet!, promptChannel: 'point' }, 'float32'],
    ['samus-score', { ...TINY_SAMUS, objectScore: true }, 'float32'],
    ['sam-16', TINY_SAM, 'float16'],
    ['sam-8', TINY_SAM, 'q8'],
    ['samus-8', TINY_SAMUS, 'q8'],
  ];
  const folders: string[] = [];
  for (const [name, config, dtype] of cases) {
    const path = join(folder, name);
    const options = { dtype, version: '0', notice: 'Tiny models' };
    await writeExport(path, await onnxFormat(runtime, tinyModel(config), options));
    folders.push(path);
  }
  const { problems, worst, operators } = await judge('onnx', ...folders);
  process.stdout.write(`largest relative difference: ${worst}; operators: ${operators.join(' ')}\n`);
  expect(problems).toEqual([]);
});

it("a Triton repository fits Triton's schema, and answers KServe's and Triton's clients in KServe's server", async () => {
  const repository = join(folder, 'repository');
  for (const [model, dtype] of [
    ['samus-s', 'float32'],
    [goldenPath('samus-tiny.pth'), 'float16'],
    [goldenPath('sam-tiny.pth'), 'q8'],
  ] as const) {
    const args = ['models', 'export', model, repository, '--format', 'triton', '--dtype', dtype];
    expect((await samus(folder, ...args)).code).toBe(0);
  }
  const { problems, models } = await judge('triton', repository);
  expect(problems).toEqual([]);
  expect(models['samus-s-encoder']).toEqual({ batch: 8, dynamic: true });
  expect(models['sam-tiny-encoder']).toEqual({ batch: 0, dynamic: false });
  const port = await freePort();
  server = spawn(python, [PROGRAM, 'serve', repository, String(port)], { stdio: 'ignore' });
  const asked = await judge('ask', repository, String(port));
  expect(asked.problems).toEqual([]);
  expect(asked.asked).toEqual(['sam-tiny', 'samus-s', 'samus-tiny']);
});
