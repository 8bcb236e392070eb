/** The entry point of the page. */
import { render } from 'preact';
import { keepOffline, renew } from './offline.js';
import { App } from './ui/App.js';

await renew();
void keepOffline();
const root = document.getElementById('app');
if (root) render(<App />, root);
