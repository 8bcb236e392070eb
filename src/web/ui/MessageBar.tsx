/** What the page has to say, one thing at a time; read out by screen readers. */
import { dismiss } from '../app/messages.js';
import { message } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function MessageBar() {
  const now = message.value;
  return (
    <div class="messages" role={now?.tone === 'error' ? 'alert' : 'status'} aria-live="polite" aria-atomic="true">
      {now && (
        <div class={`message ${now.tone}`}>
          <p>
            {now.text} {now.hint && <span class="quiet">{now.hint}</span>}
          </p>
          <Button label={text.errors.dismiss} icon="close" onClick={dismiss} />
        </div>
      )}
    </div>
  );
}
