import { render } from 'preact';
import { App } from './frame/app.js';
import { loadSession } from './service/session.js';

const root = document.getElementById('app');
if (root) render(<App />, root);
await loadSession();
