/** Where the page begins: puts the annotator into the document. Nothing else runs on its own. */
import { render } from 'preact';

const root = document.getElementById('app');
if (root) render(<h1>samus</h1>, root);
