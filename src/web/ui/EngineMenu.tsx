/** Which engine computes the masks, and the switch between them. */
import { switchEngine } from '../app/engineControl.js';
import { say } from '../app/messages.js';
import { prepare } from '../app/predictions.js';
import { adapted, engineKind, serverReachable } from '../app/state.js';
import { text } from '../text/en.js';

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
    <label class="engine" title={text.engine.title}>
      <span class="visually-hidden">{text.engine.title}</span>
      <select value={engineKind.value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="browser">{adapted.value?.inUse ? text.learn.engine : text.engine.browser}</option>
        <option value="server" disabled={!serverReachable.value}>
          {text.engine.server}
        </option>
      </select>
    </label>
  );
}
