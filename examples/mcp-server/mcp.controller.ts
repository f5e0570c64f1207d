import {
  BadRequestException,
  Controller,
  Delete,
  Get,
  NotFoundException,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { isInitializeRequest } from '@modelcontextprotocol/server';
import type { Request, Response } from 'express';
import { AcceptsBody, RequireScope, Tenant } from 'runstream';
import { McpSessions } from './mcp-sessions.js';

/** MCP over Streamable HTTP. Who asks, and for which tenant, is found out as for Runstream's own routes. */
@Controller('mcp')
@RequireScope('runs:write')
export class McpController {
  constructor(private readonly sessions: McpSessions) {}

  @Post()
  @AcceptsBody({ maxBytes: 1024 * 1024 })
  async post(@Tenant() tenant: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const body: unknown = request.body;
    if (Array.isArray(body)) throw new BadRequestException('One message at a time.');
    const transport = isInitializeRequest(body)
      ? await this.sessions.begin(tenant)
      : this.sessions.find(tenant, sessionOf(request));
    if (!transport) throw new NotFoundException('There is no such session.');
    await transport.handleRequest(request, response, body);
  }

  @Get()
  async resume(@Tenant() tenant: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const id = sessionOf(request);
    let transport = this.sessions.find(tenant, id);
    if (!transport && request.get('last-event-id')) transport = this.sessions.replay(tenant, id);
    if (!transport) throw new NotFoundException('There is no such session.');
    await transport.handleRequest(request, response);
  }

  @Delete()
  async end(@Tenant() tenant: string, @Req() request: Request, @Res() response: Response): Promise<void> {
    const transport = this.sessions.find(tenant, sessionOf(request));
    if (!transport) throw new NotFoundException('There is no such session.');
    await transport.handleRequest(request, response);
  }
}

function sessionOf(request: Request): string {
  return request.get('mcp-session-id') ?? '';
}
