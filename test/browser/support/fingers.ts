/** Fingers on a page's screen: touches as a touch screen reports them, which Playwright has for single taps only. */
import type { CDPSession, Page } from 'playwright-core';

type Place = readonly [x: number, y: number];

/** A tap's way from touching to lifting, or how two fingers go. */
const STEPS = 8;

export class Fingers {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async on(page: Page): Promise<Fingers> {
    return new Fingers(await page.context().newCDPSession(page));
  }

  /** Each finger touches at its first place, one after the other, goes straight to its second, and all are lifted. */
  async go(...ways: readonly (readonly [from: Place, to: Place])[]): Promise<void> {
    for (let down = 1; down <= ways.length; down++) {
      await this.#report(
        'touchStart',
        ways.slice(0, down).map(([from]) => from),
      );
    }
    for (let step = 1; step <= STEPS; step++) {
      const part = step / STEPS;
      await this.#report(
        'touchMove',
        ways.map(([from, to]) => [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part]),
      );
    }
    await this.#report('touchEnd', []);
  }

  async #report(type: 'touchStart' | 'touchMove' | 'touchEnd', places: readonly Place[]): Promise<void> {
    const touchPoints = places.map(([x, y], id) => ({ x, y, id }));
    await this.#session.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}
