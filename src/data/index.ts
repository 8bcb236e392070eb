/**
 * `samus/data`: phantoms, prompts made from labels, the published augmentation, annotations as a dataset. In a browser
 * these are its exports; on Node index.node.ts adds dataset folders.
 */
export { augment } from './augment.js';
export {
  makePhantom,
  PHANTOM_KINDS,
  type Phantom,
  type PhantomKind,
  type PhantomObject,
  type PhantomOptions,
} from './phantom.js';
export {
  type Click,
  correctionClick,
  evaluationClick,
  jitteredBox,
  randomClick,
  randomClicks,
  tightBox,
} from './prompts.js';
export { EVERY_CLASS, type ListText, type Sample, SampleList } from './sampleList.js';
export { type Us30kDataset, type Us30kFile, type Us30kImage, us30kArchive, us30kFiles } from './us30kArchive.js';
