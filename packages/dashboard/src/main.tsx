import { render } from 'preact';
import { App } from './frame/app.js';
import { loadSession } from './service/session.js';

const AGAIN_MS = 2000;

const root = document.getElementById('app');
if (root) render(<App />, root);
for (;;) {
  try {
    await loadSession();
    break;
  } catch {
    // The frame says that the service does not answer.
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
