/**
 * Finds out which providers of onnxruntime-node work on this machine, by running a tiny model on each. Each test has its
 * own process, because missing drivers write to the terminal and broken ones can end the process.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { listSupportedBackends } from 'onnxruntime-node';
import { NODE_PROVIDERS, type Provider, type ProviderStatus } from './session.js';
import { builtFile } from './thread.node.js';

/** A first start of a graphics driver can take several seconds. */
const PROBE_MILLISECONDS = 30_000;

const found = new Map<Provider, Promise<ProviderStatus>>();

/** The status of every provider of onnxruntime-node on this machine; each is tested once per process. */
export function listProviders(): Promise<ProviderStatus[]> {
  return Promise.all(NODE_PROVIDERS.map(probeProvider));
}

export function probeProvider(name: Provider): Promise<ProviderStatus> {
  const status = found.get(name) ?? probe(name);
  found.set(name, status);
  return status;
}

async function probe(name: Provider): Promise<ProviderStatus> {
  if (!listSupportedBackends().some((backend) => backend.name === name)) {
    const reason = `ONNX Runtime for Node on ${process.platform} ${process.arch} does not contain it`;
    return { name, available: false, reason };
  }
  try {
    const program = fileURLToPath(builtFile('providerProbe.node.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, name], { timeout: PROBE_MILLISECONDS });
    const problem = stdout.trim();
    return { name, available: problem === '', reason: problem === '' ? 'a test model ran on it' : explain(problem) };
  } catch (error) {
    const signal = error instanceof Error && 'signal' in error ? ` (${String(error.signal)})` : '';
    return { name, available: false, reason: `the process that tried it ended early${signal}` };
  }
}

/** What the most common messages mean. */
function explain(problem: string): string {
  if (/adapter/i.test(problem)) return 'no graphics adapter was found through Vulkan, Metal or Direct3D 12';
  if (/load shared library/i.test(problem)) return 'its libraries, which are not part of the npm package, are missing';
  return problem;
}
