/**
 * Ties work to the connection that it is done for: when the client goes away before the answer is out, or has gone
 * before the work begins, the work is cancelled. Fastify's `request.signal` cannot replace it: it is aborted as soon as
 * the body has been read.
 */
import type { FastifyReply } from 'fastify';

export async function whileConnected<T>(reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) controller.abort();
  };
  if (reply.raw.destroyed) onClose();
  else reply.raw.once('close', onClose);
  try {
    return await work(controller.signal);
  } finally {
    reply.raw.off('close', onClose);
  }
}
