import { describe } from '@jest/globals';
import { type ConformanceStore, conformanceOf } from '../conformance/conformance-of.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { SENTINEL_NAME, startRedisSentinels } from '../support/redis-sentinels.js';

async function openCluster(): Promise<ConformanceStore> {
  const cluster = await startRedisCluster();
  return { env: { REDIS_CLUSTER: cluster.addresses }, stop: () => cluster.stop() };
}

async function openSentinels(): Promise<ConformanceStore> {
  const sentinels = await startRedisSentinels();
  const env = { REDIS_SENTINELS: sentinels.addresses, REDIS_SENTINEL_NAME: SENTINEL_NAME };
  return { env, stop: () => sentinels.stop() };
}

describe('Protocol conformance', () => {
  const heartbeat = { SSE_HEARTBEAT_MS: '2000' };
  const args = ['--heartbeat-ms', '2000'];
  const tenancy = { ...heartbeat, MULTI_TENANCY_ENABLED: 'true' };
  const ofTenant = [...args, '--header', 'X-Tenant-ID: conformance'];
  // As on one server: trimmed logs and expired runs need other settings.
  conformanceOf('on a cluster', heartbeat, args, '', 4, openCluster);
  conformanceOf('on a cluster, for a tenant', tenancy, ofTenant, '', 4, openCluster);
  conformanceOf('on a master that Sentinels name', heartbeat, args, '', 4, openSentinels);
  conformanceOf('on a master that Sentinels name, for a tenant', tenancy, ofTenant, '', 4, openSentinels);
  // Their runs are spread over the masters.
  const spread = { PARTITIONS: '4' };
  conformanceOf('in four partitions', { ...heartbeat, ...spread }, args, '', 4);
  conformanceOf('in four partitions on a cluster', { ...tenancy, ...spread }, ofTenant, '', 4, openCluster);
});
