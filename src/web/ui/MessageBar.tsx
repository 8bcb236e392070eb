/** The current message, the summary of opened files and the standing warning, as live regions for screen readers. */
import { dismiss, dismissSummary, dismissWarning } from '../app/messages.js';
import { type Message, message, summary, warning } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function MessageBar() {
  const [now, standing] = [message.value, warning.value];
  const urgent = standing?.tone === 'error' || now?.tone === 'error';
  return (
    <div
      class="messages"
      role={urgent ? 'alert' : 'status'}
      aria-live={urgent ? 'assertive' : 'polite'}
      aria-atomic="false"
    >
      {standing && <Line of={standing} onDismiss={dismissWarning} />}
      {summary.value && <Line of={summary.value} onDismiss={dismissSummary} />}
      {now && <Line of={now} onDismiss={dismiss} />}
    </div>
  );
}

function Line({ of, onDismiss }: { readonly of: Message; readonly onDismiss: () => void }) {
  return (
    <div class={`message ${of.tone}`} aria-atomic="true">
      <p>
        {of.text} {of.hint && <span class="quiet">{of.hint}</span>}
      </p>
      {of.action && <Button label={of.action.label} caption={of.action.label} kind="primary" onClick={of.action.run} />}
      <Button label={text.errors.dismiss} icon="close" onClick={onDismiss} />
    </div>
  );
}
