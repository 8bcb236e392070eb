/**
 * Runs asynchronous work one piece at a time, in order. ONNX Runtime's sessions on the web refuse overlapping runs, and a
 * session must not be freed during a run.
 */
export class SerialQueue {
  private tail: Promise<unknown> = Promise.resolve();

  /** The result of `work`, which starts when all work added earlier has ended or failed. */
  add<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
