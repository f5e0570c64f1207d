export { type FollowAllOptions, RunstreamClient } from './client.js';
export { type ErrorFacts, RunstreamClientError } from './errors.js';
export type { Follow, FollowOptions, PositionOptions } from './follow/follow.js';
export type { ClientOptions, HeaderValues } from './http/http.js';
export type * from './follow/items.js';
export type { CallOptions, IdempotentOptions } from './routes/routes.js';
export type { AppendManyOptions } from './routes/runs.js';
export {
  addToStory,
  type DispatchItem,
  joinText,
  pairDispatches,
  pairTools,
  type StoryItem,
  type TextItem,
  type ToolItem,
} from './story.js';
export type * from './types.js';
export type { AppendOptions, RunWriter } from './writer.js';
