export { AdaptersModule } from './adapters.module.js';
export { adaptersByName, type AdaptersOptions } from './adapters-options.js';
