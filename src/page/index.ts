export * from './page.module.js';
