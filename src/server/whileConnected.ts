/**
 * Ties work to the connection that it is done for: when the client goes away before the answer is out, the work is
 * cancelled.
 */
import type { FastifyReply } from 'fastify';

export async function whileConnected<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) controller.abort();
  };
  reply.raw.once('close', onClose);
  try {
    return await work(controller.signal);
  } finally {
    reply.raw.off('close', onClose);
  }
}
