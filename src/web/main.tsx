/** Where the page begins: puts the annotator into the document. Nothing else runs on its own. */
import { render } from 'preact';
import { keepOffline, renew } from './offline.js';
import { App } from './ui/App.js';

await renew();
void keepOffline();
const root = document.getElementById('app');
if (root) render(<App />, root);
