/**
 * Threads that segment images of one study, one image each at a time. A thread that ends by itself fails its image and is
 * replaced.
 */
import { SamusError } from '../../errors.js';
import { prepareInt8Threads } from '../../runtime/nodeRuntime.node.js';
import { builtFile, startThread } from '../../runtime/thread.node.js';
import { ThreadClient } from '../../runtime/threadProtocol.js';
import type { ItemContract, ItemThreadSetup } from './itemMessages.js';
import type { ItemResult, PlannedItem } from './study.js';

type Client = ThreadClient<ItemContract>;

export class ItemPool {
  readonly #setup: ItemThreadSetup;
  readonly #free: Client[] = [];
  readonly #all = new Set<Client>();
  readonly #waiting: (() => void)[] = [];
  readonly size: number;
  #closed = false;

  private constructor(setup: ItemThreadSetup, size: number) {
    this.#setup = setup;
    this.size = size;
  }

  /**
   * Starts the threads and loads the model in the first one.
   * @throws SamusError as openJobModel and chosenClasses
   */
  static async start(setup: ItemThreadSetup, size: number): Promise<ItemPool> {
    await prepareInt8Threads();
    const pool = new ItemPool(setup, size);
    for (let i = 0; i < size; i++) pool.#add();
    try {
      await pool.#free.at(-1)!.call('prepare', null);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** @throws SamusError INFERENCE_LOST, and as runItem */
  async run(item: PlannedItem): Promise<ItemResult> {
    const client = await this.#take();
    try {
      return await client.call('run', item);
    } catch (error) {
      throw error === client.lost ? lostError() : error;
    } finally {
      this.#giveBack(client);
    }
  }

  /** Waits for the images at hand. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((client) => client.close()));
  }

  async #take(): Promise<Client> {
    while (this.#free.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.#free.pop()!;
  }

  #giveBack(client: Client): void {
    if (!client.lost) this.#free.push(client);
    else {
      this.#all.delete(client);
      if (!this.#closed) this.#add();
    }
    this.#waiting.shift()?.();
  }

  #add(): void {
    const program = builtFile('itemThread.node.js', import.meta.url);
    const client: Client = new ThreadClient(startThread(program, { name: 'batch', data: this.#setup, lostError }));
    this.#all.add(client);
    this.#free.push(client);
  }
}

function lostError(): SamusError {
  return new SamusError(
    'INFERENCE_LOST',
    'the inference thread ended while it segmented this image',
    'try it again; if it ends again, look for a lack of memory',
  );
}
