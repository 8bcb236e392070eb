/**
 * The claim of one process on the name of a study in a queue. It expires by itself when the process is gone. The same
 * study takes it over at once: the lock of its folder shows that its earlier process has ended.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { SamusError } from '../../errors.js';
import { sha256 } from '../batch/studyFolder.node.js';
import { studyKey } from './queueProtocol.js';

const CLAIM_MS = 30_000;

/** Claims the name if nobody or the same study has it. Value: STUDY TOKEN. */
const CLAIM = `
local found = redis.call('get', KEYS[1])
if found and string.sub(found, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'px', ARGV[3])
return 1`;

/** Renews or ends the claim of a token. */
const RENEW = `
local found = redis.call('get', KEYS[1])
if found and found ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('del', KEYS[1]) else redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2]) end
return 1`;

/**
 * @param name of the study; the key has its hash
 * @param lost called if another process has the name, which happens only after a long pause of this one
 * @returns a function that ends the claim
 * @throws SamusError QUEUE_STUDY_TAKEN
 */
export async function claimStudy(
  client: Redis,
  { name, id }: { readonly name: string; readonly id: string },
  lost: (error: SamusError) => void,
): Promise<() => Promise<void>> {
  const key = studyKey(sha256(name));
  const token = randomUUID();
  if ((await client.eval(CLAIM, 1, key, id, token, CLAIM_MS)) !== 1) throw takenError(name);
  const timer = setInterval(async () => {
    const renewed = await client.eval(RENEW, 1, key, `${id} ${token}`, CLAIM_MS).catch(() => 1);
    if (renewed !== 1) lost(takenError(name));
  }, CLAIM_MS / 3);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await client.eval(RENEW, 1, key, `${id} ${token}`, 0).catch(() => undefined);
  };
}

function takenError(name: string): SamusError {
  return new SamusError(
    'QUEUE_STUDY_TAKEN',
    `another process works on a study named ${name} in this queue`,
    `wait for it, or choose another name with --study; the name of a process that is gone is free after ${CLAIM_MS / 1000} s`,
  );
}
