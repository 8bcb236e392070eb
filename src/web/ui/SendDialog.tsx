/** "Send to PACS": which DICOM objects of the open image the PACS gets. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { currentId, entries } from '../app/state.js';
import { type SendChoice, sendChoice, sendFailure, sending, sendToPacs, stopSending } from '../pacs/pacsSend.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';

export function SendDialog() {
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const choice = sendChoice.value;
  const now = sending.value;
  const empty = !entries.value.some(({ id, shapes }) => id === currentId.value && shapes > 0);
  const ready = !empty && (choice.seg || choice.sr || choice.sc) && !now;
  const set = (change: Partial<SendChoice>): void => {
    sendChoice.value = { ...choice, ...change };
  };
  return (
    <Dialog title={text.send.title} onSubmit={() => ready && void sendToPacs()} onClose={stopSending}>
      <p>{text.send.patient}</p>
      {empty && <p class="warn">{text.send.empty}</p>}
      <fieldset>
        <legend>{text.send.what}</legend>
        <label class="choice">
          <input
            ref={first}
            type="checkbox"
            checked={choice.seg || choice.sr}
            disabled={choice.sr}
            onChange={(event) => set({ seg: event.currentTarget.checked })}
          />
          <span>
            {text.exports.formats.dcmseg[0]}
            <small>{text.exports.formats.dcmseg[1]}</small>
          </span>
        </label>
        <label class="choice">
          <input type="checkbox" checked={choice.sr} onChange={(event) => set({ sr: event.currentTarget.checked })} />
          <span>
            {text.exports.formats.dcmsr[0]}
            <small>{text.exports.formats.dcmsr[1]}</small>
          </span>
        </label>
        <label class="choice">
          <input type="checkbox" checked={choice.sc} onChange={(event) => set({ sc: event.currentTarget.checked })} />
          <span>
            {text.exports.formats.dcmsc[0]}
            <small>{text.exports.formats.dcmsc[1]}</small>
          </span>
        </label>
      </fieldset>
      <p role="status" class="quiet">
        {now ? text.send.working : ''}
      </p>
      {now && now.total > 0 && <progress aria-label={text.send.working} value={now.done} max={now.total} />}
      {sendFailure.value && (
        <p role="alert" class="warn">
          {sendFailure.value.text} {sendFailure.value.hint}
        </p>
      )}
      <footer class="row">
        <Button label={text.send.send} caption={text.send.send} icon="pacs" kind="primary" disabled={!ready} submit />
      </footer>
    </Dialog>
  );
}
