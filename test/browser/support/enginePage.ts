/**
 * A page without anything to see, for tests of what the annotator is built on: its modules, within reach of a test's
 * `page.evaluate`. enginePages.ts builds and serves it.
 */
import { adapt } from '../../../src/web/engine/adapt.js';
import { createEngine } from '../../../src/web/engine/index.js';
import { latestOnly } from '../../../src/web/engine/latestOnly.js';
import { openFrame } from '../../../src/web/open/openImage.js';

const samusTest = { adapt, createEngine, latestOnly, openFrame };

declare global {
  interface Window {
    samusTest: typeof samusTest;
  }
}

window.samusTest = samusTest;
