/**
 * Writes the generated parts of the documentation from the built program: docs/errors.md from the catalogue of errors, the
 * table in docs/train.md from that of the settings of training.
 *
 * Usage: node scripts/docs.mjs [--check]; with --check it writes nothing and fails where a page is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS } from '../dist/errorCodes.js';
import { SamusError } from '../dist/errors.js';
import { statusOf } from '../dist/server/httpErrors.js';
import { initialText } from '../dist/train/settingKinds.js';
import { SETTING_ROWS } from '../dist/train/settings.js';

const HEAD = `# Errors

Every error has a stable code. The command line prints one sentence and a hint on stderr, or with \`--json\` a document on stdout; the
server sends the same document:

\`\`\`json
{"error": {"code": "IMAGE_NOT_FOUND", "message": "...", "hint": "...", "details": {}}}
\`\`\`

| kind | who has to act | exit code |
|---|---|---|
| \`usage\` | the caller: a wrong call or option | 2 |
| \`input\` | the owner of the data: a bad file, checkpoint, dataset or path | 3 |
| \`machine\` | the machine: a provider, memory or disk space is missing | 4 |
| \`failure\` | no one yet: the work itself failed | 1 |
| \`interrupted\` | no one: someone stopped the work | 130 |

\`npm run docs\` writes this list from \`src/errorCodes.ts\`.

| code | meaning | kind | HTTP status |
|---|---|---|---|
`;

const rows = Object.entries(ERRORS).map(
  ([code, { kind, meaning }]) => `| \`${code}\` | ${meaning} | ${kind} | ${statusOf(new SamusError(code, '', ''))} |\n`,
);

const settings = SETTING_ROWS.map(([name, row]) => {
  const { kind, option, help } = row;
  const values = kind.choices ? kind.choices.map((choice) => `\`${choice}\``).join(', ') : kind.expected;
  const flag = option === undefined ? '' : `\`${option.split(' ')[0]}\``;
  return `| ${flag} | \`${name}\` | ${values} | ${initialText(row) ?? ''} | ${help} |\n`;
});
const SETTINGS_HEAD = '\n| option | in `config.json` | values | default | |\n|---|---|---|---|---|\n';

const pathOf = (page) => fileURLToPath(new URL(`../${page}`, import.meta.url));
const train = readFileSync(pathOf('docs/train.md'), 'utf8');
const pages = {
  'docs/errors.md': HEAD + rows.join(''),
  'docs/train.md': train.replace(
    /(?<=<!-- settings.*-->\n)[\s\S]*(?=\n<!-- \/settings)/,
    SETTINGS_HEAD + settings.join(''),
  ),
};

const check = process.argv.includes('--check');
for (const [page, text] of Object.entries(pages)) {
  const path = pathOf(page);
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(`${page} is out of date: run npm run docs`);
    process.exitCode = 1;
  }
}
