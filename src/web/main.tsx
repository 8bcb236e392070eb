/** Where the page begins: puts the annotator into the document. Nothing else runs on its own. */
import { render } from 'preact';
import { keepOffline } from './offline.js';
import { App } from './ui/App.js';

void keepOffline();
const root = document.getElementById('app');
if (root) render(<App />, root);
