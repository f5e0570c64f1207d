export { DashboardModule, type DashboardOptions } from './dashboard.module.js';
