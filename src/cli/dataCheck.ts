/**
 * The work of `samus data check`.
 */
import { checkDataset } from '../data/checkDataset.node.js';
import { openDataset } from '../data/dataset.node.js';
import { groupBy } from '../data/groupBy.js';
import type { Json } from '../errors.js';
import { Progress } from './progress.js';
import type { Outcome } from './run.js';

/** Most problems of one kind to print; the document lists all. */
const MOST_PRINTED = 10;

/**
 * Checks a folder of datasets; exit code 1 if there are errors.
 * @param together lists that are the sides of one split (default: all lists, grouped by name)
 * @throws SamusError DATA_LAYOUT, DATA_LIST_MISSING
 */
export async function checkData(root: string, together?: readonly string[]): Promise<Outcome> {
  const data = await openDataset(root);
  const progress = new Progress('checking');
  try {
    const report = await checkDataset(data, {
      ...(together && { together }),
      onProgress: (done, total, image) => progress.update(done, `image ${done + 1} of ${total}, ${image}`),
    });
    const errors = report.problems.filter(({ severity }) => severity === 'error').length;
    const warnings = report.problems.length - errors;
    const document: Json = {
      datasets: report.datasets.map((entry) => ({ ...entry })),
      lists: report.lists.map((entry) => ({ ...entry })),
      errors,
      warnings,
      problems: report.problems.map((problem) => ({ ...problem })),
    };
    const lines = report.datasets.map(
      ({ dataset, images, labels }) => `${dataset}: ${images} images, ${labels} labels`,
    );
    for (const [code, problems] of groupBy(report.problems, (problem) => problem.code)) {
      lines.push('', `${problems[0]!.severity} ${code} (${problems.length})`);
      lines.push(...problems.slice(0, MOST_PRINTED).map(({ message }) => `  ${message}`));
      if (problems.length > MOST_PRINTED) lines.push(`  and ${problems.length - MOST_PRINTED} more; --json lists all`);
    }
    lines.push('', `${errors} errors, ${warnings} warnings`);
    return { document, lines, exitCode: errors > 0 ? 1 : 0 };
  } finally {
    progress.end();
  }
}
