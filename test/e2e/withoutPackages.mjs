/**
 * Preloaded into a `samus` (NODE_OPTIONS=--import): the packages that SAMUS_TEST_WITHOUT names, separated by commas, are
 * not installed.
 */
import { register } from 'node:module';

const names = JSON.stringify(process.env.SAMUS_TEST_WITHOUT.split(','));
const hooks = `export async function resolve(specifier, context, next) {
  if (!${names}.includes(specifier)) return next(specifier, context);
  throw Object.assign(new Error('cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
