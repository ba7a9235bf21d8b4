/** What may import what inside a project; between projects it is Nx's tags that decide (eslint.config.js). */
const specs = '\\.(spec|contract)\\.ts$|/testing/';

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that import each other in a circle, also through types, cannot be read one after the other.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'surfaces-do-not-meet',
      comment: 'What two surfaces share belongs to http-kit/, ledger-client/, people-and-keys/ or shared/.',
      severity: 'error',
      from: {
        path: '^services/gateway/src/(native|token-process|optimize|credits|tier-billing|licence-keys|finance|operations|usage-report)/',
        pathNot: specs,
      },
      to: {
        path: '^services/gateway/src/(native|token-process|optimize|credits|tier-billing|licence-keys|finance|operations|usage-report)/',
        pathNot: '^services/gateway/src/$1/',
      },
    },
    {
      name: 'routes-reach-no-store',
      comment: 'A controller asks a use case, never the store behind it.',
      severity: 'error',
      from: { path: '^services/.+/(routes|http|consumers)/', pathNot: specs },
      to: { path: '^services/.+/(postgres|stripe)/' },
    },
    {
      name: 'drivers-stay-at-the-edge',
      comment: 'Only folders named for a driver know it.',
      severity: 'error',
      from: {
        path: '^services/[^/]+/src/',
        pathNot: `${specs}|/(postgres|stripe|kafka|log|images|sharp|upstream|optimizer)/|\\.module\\.ts$|/(main|start|config|index)\\.ts$|^services/platform/`,
      },
      to: { path: '^node_modules/(pg|typeorm|kafkajs|stripe|sharp)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.nx|\\.cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.spec.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@tollgate/source', 'import', 'node', 'default', 'types'],
    },
  },
};
