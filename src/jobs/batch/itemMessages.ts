/**
 * The jobs of a thread that segments the images of a study. Each thread has its own copy of the model.
 */
import type { Compute, ItemResult, PlannedItem, StudyModel, StudySettings } from './study.js';

export type ItemContract = {
  /** Loads the model. */
  prepare: { input: null; output: null };
  run: { input: PlannedItem; output: ItemResult };
};

/** Handed to a thread when it starts. */
export interface ItemThreadSetup {
  readonly folder: string;
  /** Folder for images from archives while they are segmented. */
  readonly temporary: string;
  readonly settings: StudySettings;
  readonly model: StudyModel;
  readonly compute: Compute;
}
