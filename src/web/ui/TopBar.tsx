/** The bar at the top: what concerns files and the work as a whole. */
import { redoStep, undoStep } from '../app/edits.js';
import { openFiles } from '../app/pickers.js';
import { type Dialog, dialog, entries, history } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { EngineMenu } from './EngineMenu.js';
import { OpenMore } from './OpenMore.js';

const show = (which: Dialog) => (): void => {
  dialog.value = which;
};

export function TopBar() {
  const steps = history.value;
  return (
    <header class="topbar">
      <h1>samus</h1>
      <div class="group">
        <Button label={text.open.files} caption={text.open.filesShort} icon="open" keys="O" onClick={openFiles} />
      </div>
      <OpenMore />
      <div class="group">
        <Button label={text.history.undo} icon="undo" keys="Ctrl+Z" disabled={!steps?.past.length} onClick={undoStep} />
        <Button
          label={text.history.redo}
          icon="redo"
          keys="Ctrl+Shift+Z"
          disabled={!steps?.future.length}
          onClick={redoStep}
        />
      </div>
      <div class="group phone-only">
        <Button label={text.list.title} icon="list" onClick={show('images')} />
        <Button label={text.objects.title} icon="objects" onClick={show('objects')} />
      </div>
      <div class="spacer" />
      <EngineMenu />
      <div class="group">
        <Button
          label={text.exports.open}
          caption={text.exports.open}
          icon="export"
          keys="Ctrl+S"
          disabled={entries.value.length === 0}
          onClick={show('export')}
        />
        <Button label={text.help.open} icon="help" keys="?" onClick={show('help')} />
      </div>
    </header>
  );
}
