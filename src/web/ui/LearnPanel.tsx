/** The way to the window of learning, and how far it is while that is closed. */
import { learning } from '../app/learning.js';
import { dialog } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

export function LearnPanel() {
  const now = learning.value;
  const open = (): void => {
    dialog.value = 'learn';
  };
  return (
    <section class="panel learn" aria-label={text.learn.title}>
      <header>
        <h2>{text.learn.title}</h2>
      </header>
      {now && (
        <p class="quiet">
          {text.learn.stages[now.stage]}: {text.learn.step(now.done, now.total)}
        </p>
      )}
      <div class="row">
        <Button label={text.learn.title} caption={text.learn.open} icon="learn" keys="L" onClick={open} />
      </div>
    </section>
  );
}
