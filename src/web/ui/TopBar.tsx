/** The bar at the top: opening files, history, engine and export. */
import { redoStep, undoStep } from '../app/edits.js';
import { switchEngine, switchModel } from '../app/engineControl.js';
import { takeSample } from '../app/filesIn.js';
import { say } from '../app/messages.js';
import { openFiles, openFolder, openMasks } from '../app/pickers.js';
import { prepare } from '../app/predictions.js';
import {
  adapted,
  chosenModel,
  type Dialog,
  dialog,
  engineKind,
  entries,
  history,
  offeredModels,
  opened,
  serverReachable,
} from '../app/state.js';
import { pacsAvailable } from '../pacs/pacsBrowse.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

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
        {pacsAvailable.value && (
          <Button
            label={text.send.title}
            caption={text.send.short}
            icon="send"
            disabled={!opened.value}
            onClick={show('send')}
          />
        )}
        <Button label={text.help.open} icon="help" keys="?" onClick={show('help')} />
      </div>
    </header>
  );
}

/** Less frequent ways to open files: in the top bar, on a phone in the window of images. */
export function OpenMore() {
  const none = entries.value.length === 0;
  return (
    <div class="group more">
      <Button
        label={text.open.folder}
        caption={text.open.folderShort}
        icon="folder"
        keys="Shift+O"
        onClick={openFolder}
      />
      <Button
        label={text.open.masks}
        caption={text.open.masksShort}
        icon="masks"
        keys="I"
        disabled={none}
        onClick={openMasks}
      />
      <Button
        label={text.open.sample}
        caption={text.open.sampleShort}
        icon="sample"
        onClick={() => void takeSample()}
      />
      {pacsAvailable.value && (
        <Button label={text.pacs.title} caption={text.pacs.short} icon="pacs" onClick={show('pacs')} />
      )}
    </div>
  );
}

/** Where the model runs. */
export function EngineMenu() {
  const choose = (value: string): void => {
    const kind = value === 'server' ? 'server' : 'browser';
    if (kind === 'server' && !serverReachable.value) {
      say(text.engine.noServer);
      return;
    }
    switchEngine(kind);
    void prepare();
  };
  return (
    <>
      {offeredModels.value.length > 1 && <ModelMenu />}
      <label class="engine" title={text.engine.title}>
        <span class="visually-hidden">{text.engine.title}</span>
        <select value={engineKind.value} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="browser">{adapted.value?.inUse ? text.learn.engine : text.engine.browser}</option>
          <option value="server" disabled={!serverReachable.value}>
            {text.engine.server}
          </option>
        </select>
      </label>
    </>
  );
}

/** Which of the server's models. */
function ModelMenu() {
  const choose = (name: string): void => {
    switchModel(name);
    void prepare();
  };
  const [first] = offeredModels.value;
  return (
    <label class="engine" title={text.engine.choose}>
      <select
        aria-label={text.engine.choose}
        value={chosenModel.value ?? first}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {offeredModels.value.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
