import { Guardian } from './guardian.js';
import type { GuardianSettings } from './lease-protocol.js';

/** The guardian's process. Its one argument is its settings as JSON. */
process.title = 'runstream-redis-guardian';

const guardian = new Guardian(JSON.parse(process.argv[2] ?? '{}') as GuardianSettings);

// It has a session of its own, so a terminal's signals do not come here; one who sends them by hand is not obeyed
// as long as Redis is in use. SIGTERM is what a machine sends when it goes down.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.once('SIGTERM', () => {
  guardian.leave();
});
process.stdout.on('error', () => undefined); // the starter is gone; its lease says so as well

await guardian.run(process.stdin, () => process.stdout.write('listening\n'));
process.exit();
