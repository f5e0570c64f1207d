const { existsSync } = require('node:fs');
const { join } = require('node:path');

const found = new Map();

/** Leads imports of packages to what bundle-packages.ts has made of them for this test run. */
module.exports = (request, options) => {
  if (/^[\w@]/.test(request) && !options.basedir.includes('node_modules')) {
    if (!found.has(request)) {
      const path = join(process.env.TEST_COMPILED_DIR ?? '', 'packages', `${request}.mjs`);
      found.set(request, existsSync(path) ? path : undefined);
    }
    const path = found.get(request);
    if (path) return path;
  }
  return options.defaultResolver(request, options);
};
