/**
 * A description of the measured machine.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';

/** Threads of one operation: all cores available to this process. */
export const THREADS = availableParallelism();

/** One line of text. @param reference versions of the reference's software */
export function machineLine(reference: Readonly<Record<string, number | string>> = {}): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 1e9)} GB`;
  const torch = reference.torch === undefined ? [] : [`PyTorch ${reference.torch}`, `Python ${reference.python}`];
  const system = `${type()} ${release()}`;
  const runtime = `onnxruntime-node ${versionOf('onnxruntime-node')}`;
  const parts = [processor, `${THREADS} threads`, memory, system, `Node ${process.versions.node}`, runtime, ...torch];
  return parts.join(', ');
}

function versionOf(name: string): string {
  const path = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '?';
}
