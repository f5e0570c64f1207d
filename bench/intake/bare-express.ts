/** The comparison: Express 5 with its JSON body parser, and an answer of the same shape, from memory. */
import type { AddressInfo } from 'node:net';
import express from 'express';

const app = express();
app.use(express.json({ limit: '8mb' }));
app.post('/runs/:run_id/events', (request, response) => {
  const events: unknown[] = Array.isArray(request.body) ? request.body : [request.body];
  const ids = events.map((_, i) => `1795279279000-${i + 1}`);
  response.status(201).json({
    run_id: request.params.run_id,
    count: ids.length,
    duplicates: 0,
    first_id: ids[0],
    last_id: ids.at(-1),
    ids,
  });
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`Serving on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => process.exit(0));
process.stdin.resume().once('end', () => process.exit(0));
