import { watchDeclaredKeys } from './declared-keys.js';

watchDeclaredKeys();
