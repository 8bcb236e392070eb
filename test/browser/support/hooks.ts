/**
 * What most browser tests begin and end with, as hooks: each function is called in a `describe`, starts something
 * before its tests and closes it after them. What is returned can be read within tests and within hooks registered
 * later.
 */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launchChromium } from './chromium.js';
import { buildEnginePage, openEnginePage } from './engineHarness.js';
import { startServer, type TestServer } from './server.js';

const AT_A_DESK = { viewport: { width: 1280, height: 800 } } as const;

interface UsedServer {
  /** Root of the server. */
  readonly url: string;
}

interface UsedChromium {
  readonly browser: Browser;
}

/** One server for all tests; unless told, that of the bundled model. */
export function useServer(start: () => Promise<TestServer> = startServer): UsedServer {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());
  return {
    get url() {
      return server!.url;
    },
  };
}

/** One Chromium for all tests. @param flags of its command line, beyond what every test needs */
export function useChromium(flags?: readonly string[]): UsedChromium {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium(flags);
  });
  afterAll(() => browser?.close());
  return {
    get browser() {
      return browser!;
    },
  };
}

/** A window of its own storage for each test; 1280 x 800 unless told. */
export function useContext(
  chromium: UsedChromium,
  options: BrowserContextOptions = AT_A_DESK,
): { readonly context: BrowserContext } {
  let context: BrowserContext | undefined;
  beforeEach(async () => {
    context = await chromium.browser.newContext(options);
  });
  afterEach(() => context?.close());
  return {
    get context() {
      return context!;
    },
  };
}

/** The page of enginePage.ts, built and opened once for all tests. @param reportTo see openEnginePage */
export function useEnginePage(
  server: UsedServer,
  chromium: UsedChromium,
  reportTo?: () => string,
): { readonly page: Page; readonly base: string } {
  let page: Page | undefined;
  beforeAll(async () => {
    await buildEnginePage();
    page = await openEnginePage(
      await chromium.browser.newContext({ serviceWorkers: 'block' }),
      server.url,
      reportTo?.(),
    );
  }, 300_000);
  return {
    get page() {
      return page!;
    },
    /** Where the page has the server. */
    get base() {
      return new URL('/', page!.url()).href;
    },
  };
}
