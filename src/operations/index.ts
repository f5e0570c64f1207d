export * from './dto/consumers.dto.js';
export * from './dto/dead-letters.dto.js';
export * from './dto/members.dto.js';
export * from './dto/overview.dto.js';
export * from './operations.module.js';
export * from './tenants.module.js';
