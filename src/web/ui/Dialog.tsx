/** A modal window, which shows messages too. Escape, its close button or a click outside close it. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { dialog } from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { MessageBar } from './MessageBar.js';

interface Props {
  readonly title: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
  onClose?(): void;
  /** Makes the window a form: Enter in any of its fields submits it. */
  onSubmit?(): void;
}

export function Dialog({ title, wide = false, children, onClose, onSubmit }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  // A layout effect, because its cleanup runs while the window is still in the page.
  useLayoutEffect(() => {
    const window = element.current!;
    window.showModal();
    // Close it before it is removed, so that the focus returns.
    return () => window.close();
  }, []);
  const close = (): void => {
    // Another window may have replaced it.
    if (!element.current?.isConnected) return;
    dialog.value = null;
    onClose?.();
  };
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-label={title}
      onClose={close}
      onPointerDown={(event) => event.target === element.current && element.current?.close()}
    >
      <div class="dialog-body">
        <header>
          <h2>{title}</h2>
          <Button label={text.close} icon="close" onClick={() => element.current?.close()} />
        </header>
        {onSubmit ? (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              onSubmit();
            }}
          >
            {children}
          </form>
        ) : (
          children
        )}
        <MessageBar />
      </div>
    </dialog>
  );
}
