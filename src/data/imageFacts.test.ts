import { describe, expect, it } from 'vitest';
import { patientByName } from './imageFacts.js';

describe('the patient by the name of an image', () => {
  it.each([
    ['Artery-CCA', '202201121748100022VAS_slice_1108', '202201121748100022VAS'],
    ['Artery-CCA', '202202071256290010EM VASCULAR_slice_3', '202202071256290010EM VASCULAR'],
    ['Breast-BUSBRA', 'bus_0003-r', '0003'],
    ['Breast-BUSBRA', 'bus_0100-s', '0100'],
    ['Breast-BUSUCLM', 'ANFO_002', 'ANFO'],
    ['FetalHead-HC18', '010_HC', '010'],
    ['FetalHead-HC18', '010_2HC', '010'],
    ['Echocardiography-CAMUS', 'patient0002_4CH_ES', 'patient0002'],
    ['Echocardiography-CAMUS', '0055_2CH_000', '0055'],
    ['Echocardiography-HMCQU', '0001_ch4_000', '0001'],
    ['ThyroidNodule-DDTI', '1_2', '1'],
    ['ThyroidNodule-DDTI', 'test10047', '0047'],
    ['ThyroidNodule-DDTI', 'test20047', '0047'],
    // A screen with one view, and datasets whose names tell nothing.
    ['ThyroidNodule-DDTI', 'test47', undefined],
    ['Breast-BUSI', 'benign0001', undefined],
    ['FetalHead-PSFHS', '03744', undefined],
    ['Own-Data', '010_2HC', undefined],
  ])('of %s, %s is %s', (dataset, name, patient) => {
    expect(patientByName(dataset, name)).toBe(patient);
  });
});
