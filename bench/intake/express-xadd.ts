/** The comparison: Express 5 with its JSON body parser, and one XADD for each request. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { BareStore } from './store.js';

const store = new BareStore(process.argv[2]!);
const app = express();
app.use(express.json({ limit: '8mb' }));
app.post('/runs/:run_id/events', async (request, response) => {
  response.status(201).json(await store.append(request.params.run_id, request.body as object));
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`Serving on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => process.exit(0));
process.stdin.resume().once('end', () => process.exit(0));
