/**
 * Which code of a folder a piece of work does not reach, by the engine's own counters: for tests whose cases must be
 * complete.
 */
import { Session } from 'node:inspector/promises';

/**
 * Functions and branches of the files in `folder` that `work` did not run, as `file: code`. Branches that throw or that
 * call nothing (a default, an early return) are left out.
 * @param folder part of the files' address, such as `src/graph/ops/`
 */
export async function unreached(folder: string, work: () => void): Promise<string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Debugger.enable');
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const missed: string[] = [];
    for (const { url, scriptId, functions } of result.filter((script) => script.url.includes(folder))) {
      const { scriptSource } = await session.post('Debugger.getScriptSource', { scriptId });
      const ranges = functions.flatMap((one) => one.ranges).filter(({ count }) => count === 0);
      const outer = ranges.filter(
        (a) => !ranges.some((b) => b !== a && b.startOffset <= a.startOffset && b.endOffset >= a.endOffset),
      );
      for (const { startOffset, endOffset } of outer) {
        const code = scriptSource.slice(startOffset, endOffset).trim();
        if (/[\w)]\(/.test(code) && !/\bthrow\b/.test(code))
          missed.push(`${url.slice(url.lastIndexOf('/') + 1)}: ${code}`);
      }
    }
    return missed;
  } finally {
    session.disconnect();
  }
}
