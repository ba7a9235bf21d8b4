import nx from '@nx/eslint-plugin';
import simpleImportSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

/** Boundaries between projects (style guide §1): which tag may depend on which. */
const depConstraints = [
  { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: ['type:kernel'] },
  { sourceTag: 'type:domain', onlyDependOnLibsWithTags: ['type:kernel', 'type:domain'] },
  { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: ['type:kernel'] },
  { sourceTag: 'type:client', onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts'] },
  { sourceTag: 'type:infra', onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts', 'type:infra'] },
  {
    sourceTag: 'type:testing',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:domain', 'type:contracts', 'type:infra', 'type:testing'],
  },
  {
    sourceTag: 'type:service',
    onlyDependOnLibsWithTags: ['type:kernel', 'type:domain', 'type:contracts', 'type:infra', 'type:testing'],
  },
  // It stands in for Stripe, so the platform alone starts it, and specs; a service meets it over HTTP.
  { sourceTag: 'type:simulator', onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts', 'type:infra'] },
  // The platform joins the services into one process and drives them from the command line; nothing may depend on it.
  {
    sourceTag: 'type:platform',
    onlyDependOnLibsWithTags: [
      'type:kernel',
      'type:domain',
      'type:contracts',
      'type:infra',
      'type:service',
      'type:simulator',
      'type:testing',
    ],
  },
  ...['gateway', 'ledger', 'quota', 'billing', 'optimizer'].map((scope) => ({
    sourceTag: `scope:${scope}`,
    onlyDependOnLibsWithTags: [`scope:${scope}`, 'scope:shared'],
  })),
];

/**
 * Folders inside a service are invisible to Nx; these blocks guard them. One block a folder: flat config replaces
 * options.
 */
const drivers = ['pg', 'pg/*', 'typeorm', '@nestjs/typeorm', 'kafkajs', 'stripe', 'sharp'];
const testingOnlyInSpecs = { group: ['@tollgate/testing'], message: 'test helpers are imported by specs only' };

/**
 * Surfaces of the gateway import no other surface, and what they share imports no surface. A rule of its own, because
 * `no-restricted-imports` of the blocks below would replace it.
 */
const surfaces = [
  'credits',
  'finance',
  'licence-keys',
  'native',
  'operations',
  'optimize',
  'tier-billing',
  'token-process',
];
const gatewayShared = ['http-kit', 'leases', 'ledger-client', 'people-and-keys', 'shared', 'usage-report'];
const gatewayFolders = [...surfaces, ...gatewayShared].map((folder) => ({
  files: [`services/gateway/src/${folder}/**/*.ts`],
  ignores: ['**/*.spec.ts'],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: surfaces.filter((other) => other !== folder).map((other) => `**/${other}/**`),
            message: 'a surface is imported by the module of the gateway alone: what two need has a folder of its own',
          },
        ],
      },
    ],
  },
}));

/** One habit for what a class keeps to itself: `#name`. `private` is for constructors alone. */
const noPrivate = ['PropertyDefinition', 'MethodDefinition[kind!="constructor"]', 'TSParameterProperty'].map(
  (node) => ({
    selector: `${node}[accessibility="private"]`,
    message: 'what a class keeps to itself is #name; private is for constructors',
  }),
);
/** SQL stands in folders named for the database, so that everything that depends on its tables is found there. */
const noSql = ['Literal[value=', 'TemplateElement[value.raw='].map((literal) => ({
  selector:
    `${literal}/^\\s*(select\\s[\\s\\S]*\\sfrom|insert into|update\\s\\S+\\sset|delete ` +
    `from|with\\s\\S+\\sas \\()\\s/i]`,
  message: 'SQL belongs to a postgres/ folder',
}));

/** What a route needs of a use case is a function of the use case; its store is not reached through it. */
const noStoreOfAnother = {
  selector:
    'MemberExpression > MemberExpression.object[property.type="Identifier"][property.name=/^(store|\\w+Store)$/]',
  message: 'ask the use case, not the store behind it',
};

export default tseslint.config(
  {
    ignores: [
      'libs/system-tests/type-checks/**',
      '**/dist/**',
      '.nx/**',
      '**/node_modules/**',
      '.tollgate/**',
      '.cache/**',
      'bench/results/**',
    ],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx, 'simple-import-sort': simpleImportSort },
    languageOptions: { parserOptions: { project: './tsconfig.spec.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: [], depConstraints }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'simple-import-sort/imports': 'error',
      'simple-import-sort/exports': 'error',
      'no-restricted-syntax': ['error', ...noPrivate],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
      'no-restricted-imports': ['error', { patterns: [testingOnlyInSpecs] }],
    },
  },
  {
    files: ['services/*/src/**/*.ts'],
    ignores: ['**/postgres/**', '**/testing/**', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noPrivate, ...noSql] },
  },
  {
    files: ['services/*/src/**/{http,http-kit,routes,consumers}/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noPrivate, ...noSql, noStoreOfAnother] },
  },
  {
    files: ['services/*/src/**/domain/**/*.ts', 'libs/pricing/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\.|@tollgate/(kernel|pricing|contracts)$|temporal-polyfill$)',
              message: 'the domain knows kernel, pricing and contracts only',
            },
            {
              group: [
                '**/app/**',
                '**/adapters/**',
                '**/postgres/**',
                '**/stripe/**',
                '**/log/**',
                '**/sending/**',
                '**/http/**',
                '**/routes/**',
                '**/consumers/**',
                '**/booking/**',
                '**/publishing/**',
                '**/queries/**',
                '**/maintenance/**',
                '**/sealing/*.ts',
              ],
              message: 'the domain imports nothing above it',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'crypto'],
      'no-restricted-syntax': [
        'error',
        ...noPrivate,
        ...noSql,
        {
          selector: "MemberExpression[object.name='Date'][property.name='now']",
          message: 'time enters the domain as a value',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'time enters the domain as a value',
        },
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: 'the domain is deterministic',
        },
      ],
    },
  },
  {
    files: ['services/*/src/**/app/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            testingOnlyInSpecs,
            { group: drivers, message: 'drivers belong to adapters' },
            {
              group: [
                '**/adapters/**',
                '**/postgres/**',
                '**/stripe/**',
                '**/log/**',
                '**/sending/**',
                '**/http/**',
                '**/routes/**',
                '**/consumers/**',
              ],
              message: 'app declares ports; adapters implement them',
            },
            { group: ['@nestjs/*'], message: 'use cases are plain functions' },
          ],
        },
      ],
    },
  },
  {
    files: ['services/*/src/**/{http,http-kit,routes,consumers}/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            testingOnlyInSpecs,
            { group: drivers, message: 'drivers belong to adapters' },
            {
              group: ['**/adapters/**', '**/postgres/**', '**/stripe/**', '**/log/**', '**/sending/**'],
              message: 'http and consumers reach adapters through app ports only',
            },
          ],
        },
      ],
    },
  },
  {
    // The ledger's capabilities: use cases at the top, SQL in `postgres/`, rules in `domain/`; services and modules
    // join them.
    files: ['services/ledger/src/{booking,sealing,publishing,queries}/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.module.ts', '**/*.service.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            testingOnlyInSpecs,
            { group: drivers, message: 'drivers belong to postgres/' },
            {
              group: ['**/postgres/**', '**/maintenance/**'],
              message: 'a capability declares ports; its postgres/ implements them',
            },
            { group: ['@nestjs/*'], message: 'use cases are plain functions' },
          ],
        },
      ],
    },
  },
  ...gatewayFolders,
  {
    // Specs of every project use the test harness, which itself depends on the kernel only.
    files: ['**/*.spec.ts', '**/*.contract.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: ['@tollgate/testing', '@tollgate/stripe-simulator'], depConstraints },
      ],
      'max-lines-per-function': 'off',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['libs/testing/**/*.ts', 'libs/system-tests/**/*.ts', 'services/*/src/testing/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { allow: ['@tollgate/testing', '@tollgate/stripe-simulator'], depConstraints },
      ],
      'no-restricted-imports': 'off',
    },
  },
);
