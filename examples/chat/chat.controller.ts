import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { createReadStream } from 'node:fs';
import { ChatLog } from './chat-log.js';

const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>Chat</title>
  <main></main>
  <script type="module" src="page.js"></script>
</html>`;

@Controller()
export class ChatController {
  constructor(private readonly log: ChatLog) {}

  @Get()
  @Header('Content-Type', 'text/html')
  page(): string {
    return PAGE;
  }

  /** What `npm run build` makes of the folder `page`. */
  @Get('page.js')
  script(): StreamableFile {
    const bundle = new URL('./page.js', import.meta.url);
    return new StreamableFile(createReadStream(bundle), { type: 'text/javascript' });
  }

  @Get('chats/:id/messages')
  messages(@Param('id') id: string) {
    return this.log.messages(id);
  }
}
