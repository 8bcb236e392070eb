/**
 * `samus/train` on Node: adaptation, and trainings that read folders, write checkpoints and resume.
 */
export * from './index.js';
export { createRun, type PreparedRun, type PrepareOptions, resumeRun } from './prepareRun.node.js';
export { type StepReport, Trainer, type TrainingListener, type TrainingResult } from './trainer.node.js';
