import { getCountries } from 'libphonenumber-js/max';
import { expect, it } from 'vitest';
import { COUNTRIES } from './countries.js';

it('offers every country that the API takes, and no other', () => {
  expect(COUNTRIES).toEqual(getCountries().toSorted());
});
