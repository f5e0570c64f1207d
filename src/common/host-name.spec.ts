import { describe, expect, it } from '@jest/globals';
import { hostName } from './host-name.js';

describe('hostName', () => {
  it.each([
    ['localhost', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['localhost.', 'localhost'],
    ['Runs.Example.com.', 'runs.example.com'],
    ['my_host', 'my_host'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3.', '10.1.2.3'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['[0:0:0:0:0:0:0:1]', '::1'],
    ['[FD00:0::1]', 'fd00::1'],
    ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['[fe80::1%eth0]', 'fe80::1'],
  ])('%s is %s', (text, name) => {
    expect(hostName(text)).toBe(name);
  });

  it.each([
    '',
    '.',
    'a..b',
    'localhost:3000',
    '[::1]:3000',
    '[::1',
    'http://a',
    'a/b',
    'a b',
    '-a',
    'a-',
    '*',
    '*.a',
  ])('%j is none', (text) => {
    expect(hostName(text)).toBeUndefined();
  });

  it('takes no longer for a name that is made to be slow', () => {
    expect(hostName(`${'a-'.repeat(5000)}!`)).toBeUndefined();
    expect(hostName('a'.repeat(254))).toBeUndefined();
  });
});
