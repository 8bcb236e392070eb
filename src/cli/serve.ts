/**
 * Options of `samus serve`. Imports little, so that help and usage errors are instant; the work is in serveRun.ts.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { LOG_FORMATS, LOG_LEVELS, SERVER_LIMITS } from '../server/settings.js';
import { DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import type { ServeOptions } from './serveRun.js';

const EXAMPLES = `
Examples:
  samus serve
  samus serve --port 9000 --model samus-s --model models/mine --folder scans
  samus serve --host 0.0.0.0 --token-file token.txt

The page is at /, the API reference at /docs. Ctrl-C stops the server after it has answered all accepted requests.
${NOTICE}.`;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Serve the annotator, an HTTP API and the Open Inference Protocol')
    .option('--port <port>', 'port to listen on; 0 takes any free port', parsePort, 8000)
    .option('--host <address>', 'address to listen on; any but loopback needs --token-file', '127.0.0.1')
    .option('--token-file <file>', 'require the token in this file (at least 16 characters)')
    .option('--folder <folder>', 'let requests name images in this folder by path')
    .option('--dicomweb <url>', 'let the page use the PACS at this address of DICOMweb')
    .option('--dicomweb-auth <file>', 'a file with a token or user:password for the PACS')
    .option('--model <model>', `${MODEL_NAMES}; repeatable, the first is the default`, collect)
    .option('--allow-host <name>', 'another host name that clients use for the server; repeatable', collect)
    .option('--threads <count>', 'threads of one operation (default: one per core)', parseCount('--threads', 1));
  for (const { flag, least, help, value } of LIMITS)
    command.option(flag, help, parseCount(flag.split(' ')[0]!, least), value);
  return command
    .addOption(new Option('--log-level <level>', 'level of the log on stderr').choices(LOG_LEVELS).default('info'))
    .addOption(
      new Option('--log-format <format>', 'format of the log (default: plain in a terminal, else json)').choices(
        LOG_FORMATS,
      ),
    )
    .option('--json', 'print one JSON document when the server is ready')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./serveRun.js');
      await serve({ ...options, model: options.model ?? [DEFAULT_MODEL] });
    });
}

const LIMITS = [
  { flag: '--cache-mb <mb>', least: 1, help: 'size of the embedding cache', value: SERVER_LIMITS.cacheMb },
  { flag: '--queue <jobs>', least: 1, help: 'most waiting jobs of one kind', value: SERVER_LIMITS.queue },
  { flag: '--max-pixels <count>', least: 1, help: 'most pixels of an image', value: SERVER_LIMITS.maxPixels },
  { flag: '--max-body-mb <mb>', least: 1, help: 'largest body of a request', value: SERVER_LIMITS.bodyMb },
  {
    flag: '--uploads-mb <mb>',
    least: 1,
    help: 'total size of the bodies of open requests',
    value: SERVER_LIMITS.uploadsMb,
  },
  { flag: '--drain-seconds <seconds>', least: 0, help: 'grace period for in-flight requests', value: 30 },
] as const;

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError(`expected a port from 0 to 65535, got "${text}"`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
