import type { OpenAPIObject } from '@nestjs/swagger';
import { operationsOf } from './operations.js';

/** The groups of routes, in the order in which one meets them. */
const TAGS: readonly { name: string; description: string }[] = [
  { name: 'runs', description: 'One execution of something: started, listed, waited for, ended.' },
  { name: 'executors', description: 'What executes runs in this deployment.' },
  { name: 'workers', description: 'Programs outside that execute runs and handle events, call by call.' },
  { name: 'events', description: 'The log of one run: appended, paged, watched.' },
  { name: 'journal', description: 'The events of all runs of a tenant, in the order of their appending.' },
  { name: 'stream tickets', description: 'Credentials in a URL, for one stream and some minutes.' },
  { name: 'consumers', description: 'Groups of handlers: how they stand, and what steers them.' },
  { name: 'dead letters', description: 'Events that a group has given up.' },
  { name: 'keys', description: 'API keys of a tenant.' },
  { name: 'tenants', description: 'What each tenant may take of the deployment, for its operator.' },
  {
    name: 'session',
    description: 'Who is signed in, and how a page signs in: with a cookie that no script can read.',
  },
  { name: 'health', description: 'For load balancers and supervisors.' },
  { name: 'metrics', description: 'For Prometheus.' },
];

/** Lists the groups that the document uses: ours first, in their order, then those of the application. */
export function listTags(document: OpenAPIObject): void {
  const used = new Set(operationsOf(document).flatMap(({ tags = [] }) => tags));
  const described = [...TAGS, ...(document.tags ?? [])].filter(({ name }) => used.delete(name));
  document.tags = [...described, ...[...used].map((name) => ({ name, description: '' }))];
}
