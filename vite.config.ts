/**
 * How the annotator is built: `src/web` into `dist/web`, everything from one origin and named by its content, so that
 * a server may let browsers keep it for ever. ONNX Runtime's WebAssembly is not part of it: at 14 MB and more it is
 * served as it lies in the installed package, from `/ort/`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const about: { version: string } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** Version of ONNX Runtime: its script is bundled, its WebAssembly is served, and they must be of one version. */
function runtimeVersion(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-web');
  const manifest: { version: string } = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8'));
  return manifest.version;
}

/**
 * Tells the service worker which files make up the page and gives it a version made of their names; every name but
 * that of the worker and of index.html changes with the content.
 */
function shellList(): Plugin {
  return {
    name: 'samus-shell-list',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = Object.values(bundle).find((file) => file.fileName === 'serviceWorker.js');
        if (worker?.type !== 'chunk') return;
        const files = Object.values(bundle).filter((file) => file !== worker);
        const hash = createHash('sha256').update(worker.code);
        for (const file of files) hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        const shell = ['./', ...files.map((file) => `./${file.fileName}`).filter((path) => path !== './index.html')];
        worker.code = worker.code
          .replaceAll('__SHELL__', JSON.stringify(shell.sort()))
          .replaceAll('__VERSION__', JSON.stringify(hash.digest('hex').slice(0, 16)));
      },
    },
  };
}

/** What codecs of DICOM load on Node; in a page they never do. */
function noNode(): Plugin {
  const empty = '\0no-node';
  return {
    name: 'samus-no-node',
    enforce: 'pre',
    resolveId: (id, importer) =>
      ['fs', 'path'].includes(id) && importer?.includes('@cornerstonejs') ? empty : undefined,
    load: (id) => (id === empty ? 'export default {};' : undefined),
  };
}

/** Folders of the packages that are part of the page or of one of its workers. */
const bundled = new Set<string>();

/** Notes the packages of a bundle. */
function packageList(): Plugin {
  return {
    name: 'samus-package-list',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        for (const id of file.type === 'chunk' ? file.moduleIds : []) {
          const folder = /^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
          if (folder !== undefined) bundled.add(folder);
        }
      }
    },
  };
}

/** The packages of codecs do not have those of the libraries in them. */
const CODEC_LICENCES = readFileSync(new URL('src/web/open/codecLicences.txt', import.meta.url), 'utf8');

/** Writes the licences of all bundled packages, which ask that they go along; workers are bundled before the page is. */
function licences(): Plugin {
  return {
    name: 'samus-licences',
    generateBundle: {
      order: 'post',
      handler() {
        const source = [...[...bundled].sort().map(licenceOf), CODEC_LICENCES].join('\n');
        this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
      },
    },
  };
}

function licenceOf(folder: string): string {
  const {
    name,
    version,
    license,
    homepage = `https://www.npmjs.com/package/${name}`,
  }: Record<string, string> = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  return `${name} ${version}, ${license}, ${homepage}\n${text}`;
}

/** Modules that Node loads when it needs them are part of the page's workers from the start. */
const CHECKS = { ineffectiveDynamicImport: false, bundlerTimings: false };

export default defineConfig({
  root: fileURLToPath(new URL('src/web', import.meta.url)),
  base: './',
  publicDir: false,
  define: { __RUNTIME__: JSON.stringify(runtimeVersion()), __SAMUS__: JSON.stringify(about.version) },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    // Builds of ONNX Runtime that look for their WebAssembly where the page says, not beside themselves.
    conditions: ['onnxruntime-web-use-extern-wasm', ...defaultClientConditions],
    // The entry for Node, which webRuntime.ts names as well, is never reached in a page.
    alias: [{ find: /^onnxruntime-web$/, replacement: 'onnxruntime-web/wasm' }],
  },
  worker: { format: 'es', plugins: () => [noNode(), packageList()], rolldownOptions: { checks: CHECKS } },
  build: {
    outDir: fileURLToPath(new URL('dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Data URLs would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      checks: CHECKS,
      input: {
        index: fileURLToPath(new URL('src/web/index.html', import.meta.url)),
        serviceWorker: fileURLToPath(new URL('src/web/serviceWorker.ts', import.meta.url)),
      },
      output: {
        // A browser looks for a new service worker under the name it knows.
        entryFileNames: ({ name }) => (name === 'serviceWorker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  plugins: [noNode(), shellList(), packageList(), licences()],
});
