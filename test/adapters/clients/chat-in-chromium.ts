import { join } from 'node:path';
import { ChatInBrowser } from '../../examples/chat-in-browser.js';
import { InstalledExamples } from '../../examples/installed-examples.js';
import { chromiumPath, launchChromium } from '../../support/browser.js';

/** The example chat with the AI SDK 7 in its page: `npm run test:world` has it as it is installed. */
export async function chatInChromium(folder: string, redisUrl: string): Promise<string> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) return 'left out: there is no Chromium here (CHROMIUM may name one)';
  const packages = { ai: 'ai7', '@ai-sdk/react': '@ai-sdk/react7', react: 'react', 'react-dom': 'react-dom' };
  const examples = await InstalledExamples.open();
  try {
    await examples.bundle(
      Object.fromEntries(
        Object.entries(packages).map(([name, other]) => [name, join(folder, 'node_modules', other)]),
      ),
    );
    const browser = await launchChromium(executablePath);
    const chat = await ChatInBrowser.start(examples, browser, redisUrl);
    try {
      await chat.isReloaded();
      await chat.isServedAgain();
      await chat.asksUntilAnswered();
      await chat.isStopped();
    } finally {
      await chat.stop();
      await browser.close();
    }
  } finally {
    await examples.close();
  }
  return 'reloaded, served again after a kill, answered after a lost answer, stopped';
}
