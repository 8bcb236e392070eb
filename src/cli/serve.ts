/**
 * `samus serve`: its options. Light, so that help and mistakes are answered at once; the work is in serveRun.ts.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_LIMITS, LOG_FORMATS, LOG_LEVELS } from '../server/settings.js';
import { DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import type { ServeOptions } from './serveRun.js';

const EXAMPLES = `
Examples:
  samus serve
  samus serve --port 9000 --model samus-s --model models/mine --folder scans
  samus serve --host 0.0.0.0 --token-file token.txt

The page is at /, the description of the API at /docs. Ctrl-C ends the server once it has answered what it accepted.
${NOTICE}.`;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Serve the annotator, an HTTP API and the Open Inference Protocol')
    .option('--port <port>', 'where to listen; 0 takes any that is free', parsePort, 8000)
    .option('--host <address>', 'on which address; any but the loopback needs --token-file', '127.0.0.1')
    .option('--token-file <file>', 'ask for the token in this file (at least 16 characters)')
    .option('--folder <folder>', 'let requests name images of this folder by their path')
    .option('--model <model>', `${MODEL_NAMES}; repeatable, the first is the default`, collect)
    .option('--allow-host <name>', 'another name under which clients address the server; repeatable', collect)
    .option('--threads <count>', 'threads of one operation (default: one per core)', parseCount('--threads', 1));
  for (const { flag, least, help, value } of LIMITS)
    command.option(flag, help, parseCount(flag.split(' ')[0]!, least), value);
  return command
    .addOption(new Option('--log-level <level>', 'of the log on stderr').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--log-format <format>', 'of the log (default: plain in a terminal, else json)').choices(LOG_FORMATS),
    )
    .option('--json', 'print one JSON document when the server is ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./serveRun.js');
      await serve({ ...options, model: options.model ?? [DEFAULT_MODEL] });
    });
}

const LIMITS = [
  { flag: '--cache-mb <mb>', least: 1, help: 'embeddings that are kept', value: DEFAULT_LIMITS.cacheMb },
  { flag: '--queue <jobs>', least: 1, help: 'jobs of one kind that may wait', value: DEFAULT_LIMITS.queue },
  { flag: '--max-pixels <count>', least: 1, help: 'most pixels of an image', value: DEFAULT_LIMITS.maxPixels },
  { flag: '--max-body-mb <mb>', least: 1, help: 'largest body of a request', value: DEFAULT_LIMITS.bodyMb },
  {
    flag: '--uploads-mb <mb>',
    least: 1,
    help: 'bodies of all requests that are not answered',
    value: DEFAULT_LIMITS.uploadsMb,
  },
  { flag: '--drain-seconds <seconds>', least: 0, help: 'how long a server that ends finishes its work', value: 30 },
] as const;

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError(`expected a port from 0 to 65535, got "${text}"`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
