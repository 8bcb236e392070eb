/**
 * Holds what a server has answered against what it says of itself: its metrics count the answers of each route by
 * status, its OpenAPI document lists them.
 */

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
}

/** Nobody reads it: the client has gone. */
const CANCELLED = '499';

/**
 * @param read the text of an address of the server
 * @returns of the routes that are described, the answers that were given and are (or are not) in the description, as in
 *   `POST /api/v1/images 201`
 */
export async function describedAnswers(
  read: (path: string) => Promise<string>,
): Promise<{ readonly listed: string[]; readonly unlisted: string[] }> {
  const { paths }: Description = JSON.parse(await read('/docs/json'));
  const counts = /^samus_http_requests_total\{method="(\w+)",route="([^"]+)",status="(\d+)"\}/gm;
  const [listed, unlisted]: [string[], string[]] = [[], []];
  for (const [, method = '', route = '', status = ''] of (await read('/metrics')).matchAll(counts)) {
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    const operation = paths[route.replaceAll(/:(\w+)/g, '{$1}')]?.[verb];
    const described = operation || /^\/(api|v2|models|metrics)\b/.test(route);
    if (!described || status === CANCELLED) continue;
    const known = operation && Object.keys(operation.responses).includes(status);
    (known ? listed : unlisted).push(`${method} ${route} ${status}`);
  }
  return { listed, unlisted };
}
