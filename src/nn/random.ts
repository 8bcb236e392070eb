export { Random } from '../data/random.js';
