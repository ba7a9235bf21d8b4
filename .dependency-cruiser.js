/**
 * Files that import each other in a circle, also through types, cannot be read one after the other. What may import
 * what is for eslint.config.js to say.
 */
export default {
  forbidden: [{ name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } }],
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
