/** The whole page: bars, panels, image, windows, and drag and drop. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { takeDrop } from '../app/filesIn.js';
import { start } from '../app/start.js';
import { dialog, entries } from '../app/state.js';
import { text } from '../text/en.js';
import { CalibrateDialog } from './CalibrateDialog.js';
import { CanvasView } from './CanvasView.js';
import { ClassesPanel } from './ClassesPanel.js';
import { Dialog } from './Dialog.js';
import { ExportDialog } from './ExportDialog.js';
import { FactsPanel } from './FactsPanel.js';
import { FileList } from './FileList.js';
import { HelpDialog } from './HelpDialog.js';
import { LearnDialog, LearnPanel } from './LearnDialog.js';
import { MeasurePanel } from './MeasurePanel.js';
import { ObjectsPanel } from './ObjectsPanel.js';
import { PacsDialog } from './PacsDialog.js';
import { SendDialog } from './SendDialog.js';
import { Spoken } from './Spoken.js';
import { StatusBar } from './StatusBar.js';
import { Toolbar } from './Toolbar.js';
import { EngineMenu, OpenMore, TopBar } from './TopBar.js';
import { ViewPanel } from './ViewPanel.js';

export function App() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dropping = useSignal(false);
  useEffect(() => void start(() => document.activeElement === canvas.current), []);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      dropping.value = true;
    };
    const away = (event: DragEvent): void => {
      if (event.relatedTarget === null) dropping.value = false;
    };
    const drop = (event: DragEvent): void => {
      // Text may be dropped into a field.
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      dropping.value = false;
      void takeDrop(event.dataTransfer);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', away);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', away);
      removeEventListener('drop', drop);
    };
  }, [dropping]);
  const several = entries.value.length > 0;
  return (
    <div class={several ? 'page with-list' : 'page'}>
      <TopBar />
      {several && (
        <aside class="left" aria-label={text.list.title}>
          <FileList />
        </aside>
      )}
      <Toolbar />
      <CanvasView focus={canvas} />
      <aside class="right" aria-label={text.objects.title}>
        <Panels />
      </aside>
      <StatusBar />
      <Spoken />
      {dropping.value && <div class="drop-zone">{text.open.dropNow}</div>}
      <Windows />
    </div>
  );
}

const Panels = () => (
  <>
    <ObjectsPanel />
    <ClassesPanel />
    <MeasurePanel />
    <FactsPanel />
    <LearnPanel />
    <ViewPanel />
  </>
);

function Windows() {
  switch (dialog.value) {
    case 'help':
      return <HelpDialog />;
    case 'export':
      return <ExportDialog />;
    case 'calibrate':
      return <CalibrateDialog />;
    case 'learn':
      return <LearnDialog />;
    case 'pacs':
      return <PacsDialog />;
    case 'send':
      return <SendDialog />;
    case 'objects':
      return (
        <Dialog title={text.objects.window}>
          <Panels />
          <EngineMenu />
        </Dialog>
      );
    case 'images':
      return (
        <Dialog title={text.list.title}>
          <OpenMore />
          <FileList />
        </Dialog>
      );
    default:
      return null;
  }
}
