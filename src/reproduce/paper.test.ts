import { expect, it } from 'vitest';
import { paperValue } from './paper.js';

it.each([
  ['table3', 'samus', 'Breast-BUSI', 1, { dice: 0.8454, hd_rows: 27.24 }],
  ['figure6', 'msa', 'Echocardiography-HMCQU', 1, { dice: 0.4056, hd_rows: 38.18 }],
  ['table3', 'samed', 'Echocardiography-CAMUS', 2, { dice: 0.826, hd_rows: 19.48 }],
  ['autosamus', 'autosamus', 'ThyroidNodule-DDTI', 1, { dice: 0.8264 }],
])('knows the value of %s for %s on %s, class %d', (experiment, system, dataset, classId, expected) => {
  expect(paperValue(experiment, system, { dataset, classId })).toEqual(expected);
});

it.each([
  ['table2', 'unet', 'Breast-BUSI', 1],
  ['table3', 'samus', 'Breast-BUSBRA', 1],
  ['table5', 'samus', 'Breast-BUSI', 1],
  ['table3', 'samus', 'Echocardiography-CAMUS', 4],
])('knows none of %s for %s on %s, class %d', (experiment, system, dataset, classId) => {
  expect(paperValue(experiment, system, { dataset, classId })).toBeNull();
});
