/**
 * Makes kinds.json of Kubernetes' own OpenAPI document: `node trim-schema.mjs swagger.json`. README.md says which.
 * What is kept is what a check of fields needs: no descriptions, only the kinds that deploy/ has and what they hold.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const KINDS = [
  'apps.v1.Deployment',
  'autoscaling.v2.HorizontalPodAutoscaler',
  'core.v1.ConfigMap',
  'core.v1.Secret',
  'core.v1.Service',
  'core.v1.ServiceAccount',
  'networking.v1.NetworkPolicy',
  'policy.v1.PodDisruptionBudget',
].map((name) => `io.k8s.api.${name}`);

/** Servers take these in more forms than the document can say. */
const MEANT = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['number', 'string'] },
};

const { definitions } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const kept = {};

function keep(name) {
  if (kept[name]) return;
  kept[name] = {}; // before its content: definitions may hold themselves
  kept[name] = MEANT[name] ?? trimmed(definitions[name]);
}

function trimmed(schema) {
  if (schema.$ref) {
    keep(schema.$ref.replace('#/definitions/', ''));
    return { $ref: schema.$ref };
  }
  const { type, enum: values, required, properties, items, additionalProperties } = schema;
  return {
    ...(type && { type }),
    ...(values && { enum: values }),
    ...(required && { required }),
    ...(items && { items: trimmed(items) }),
    // A field that is not known is dropped by a server without a word: here it is a mistake.
    ...(properties && { additionalProperties: false }),
    ...(additionalProperties && { additionalProperties: trimmed(additionalProperties) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, trimmed(property)]),
      ),
    }),
  };
}

const oneOf = KINDS.map((name) => {
  keep(name);
  const { group, version, kind } = definitions[name]['x-kubernetes-group-version-kind'][0];
  Object.assign(kept[name].properties, {
    apiVersion: { const: group ? `${group}/${version}` : version },
    kind: { const: kind },
  });
  kept[name].required = ['apiVersion', 'kind', 'metadata', ...(kept[name].required ?? [])];
  return { kind, name };
});

const kinds = Object.fromEntries(oneOf.map(({ kind, name }) => [kind, { $ref: `#/definitions/${name}` }]));
const file = new URL('kinds.json', import.meta.url);
// One line for each definition: differences can be read, and it is no longer than it must be.
const lines = Object.keys(kept)
  .sort()
  .map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(kept[name])}`);
writeFileSync(
  file,
  `{\n  "kinds": ${JSON.stringify(kinds)},\n  "definitions": {\n${lines.join(',\n')}\n  }\n}\n`,
);
