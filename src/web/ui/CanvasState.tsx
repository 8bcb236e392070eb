/** What the stage shows without an image: the start screen, "opening", or why the image cannot be opened. */
import { takeSample } from '../app/filesIn.js';
import { openFiles, openFolder } from '../app/pickers.js';
import { currentId, dialog, entries, opened, previewed } from '../app/state.js';
import { pacsAvailable } from '../pacs/pacsBrowse.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function CanvasState() {
  if (opened.value) return null;
  const entry = entries.value.find(({ id }) => id === currentId.value);
  if (entry?.failure) {
    return (
      <div class="canvas-state" role="alert">
        <h2>{text.open.failed}</h2>
        <p class="name">{entry.name}</p>
        <p>{entry.failure.text}</p>
        <p>{entry.failure.hint}</p>
      </div>
    );
  }
  if (previewed.value) return <p class="canvas-state preview">{text.open.reading}</p>;
  if (entry) return <p class="canvas-state quiet">{text.open.opening}</p>;
  return (
    <div class="canvas-state begin">
      <h2>{text.open.begin}</h2>
      <p class="wide-only">{text.open.drop}</p>
      <div class="row">
        <Button label={text.open.files} caption={text.open.files} icon="open" kind="primary" onClick={openFiles} />
        <Button label={text.open.folder} caption={text.open.folder} icon="folder" onClick={openFolder} />
        <Button label={text.open.sample} caption={text.open.sample} icon="sample" onClick={() => void takeSample()} />
        {pacsAvailable.value && (
          <Button
            label={text.pacs.title}
            caption={text.pacs.title}
            icon="pacs"
            onClick={() => (dialog.value = 'pacs')}
          />
        )}
      </div>
      <p class="quiet">{text.open.private}</p>
    </div>
  );
}
