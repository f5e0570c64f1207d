/** Whether tests that go through many cases go through all of them: `npm run sweeps`. Default: a sample that finds what is broken for good. */
export const isSweep = process.env['SWEEPS'] === '1';
