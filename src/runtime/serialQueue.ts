/**
 * Runs asynchronous work one piece at a time, in the order it came. ONNX Runtime's sessions on the web refuse
 * overlapping runs, and a session must not be freed under a run.
 */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();

  /** The result of `work`, which starts when everything added before has ended, well or badly. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
