import { defineSection, runSections } from './runner.js';

/**
 * A program: checks that leave errors behind, or never end, beside one that holds. In a process of its own, since a test
 * runner has its own view of such errors. Prints what each came to as JSON.
 */
const section = defineSection('9 Strays', (check) => {
  check('leaves a rejection behind', async () => {
    void Promise.reject(new Error('nobody waits for this'));
    await new Promise(() => undefined);
  });
  check('throws where nobody can catch it', async () => {
    setImmediate(() => {
      throw new Error('thrown later');
    });
    await new Promise(() => undefined);
  });
  check('never ends', () => new Promise(() => undefined));
  check('holds', async () => {
    for (let n = 0; n < 100; n++) await new Promise(setImmediate);
  });
  check('leaves one behind after its end', async () => {
    setTimeout(() => void Promise.reject(new Error('too late to matter')), 5);
    await Promise.resolve();
  });
});

const results = await runSections([section], { url: 'http://127.0.0.1:9', checkTimeoutMs: 300 });
for (const { name, outcome, reason } of results) console.log(JSON.stringify([name, outcome, reason ?? '']));
