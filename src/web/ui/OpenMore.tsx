/** The rarer ways to bring something in: in the bar at the top, on a phone in the window of images. */
import { takeSample } from '../app/filesIn.js';
import { openFolder, openMasks } from '../app/pickers.js';
import { entries } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

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
    </div>
  );
}
