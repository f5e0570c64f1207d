import { defaultsOf, type TenancyConfig } from '../config/index.js';

/** Off: every request belongs to one tenant. */
export const TENANCY_DEFAULTS: TenancyConfig = defaultsOf('tenancy');
