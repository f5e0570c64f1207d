import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TYPESCRIPT = ['**/*.ts', '**/*.tsx'];
const TESTS = ['**/*.spec.ts', '**/*.int-spec.ts', 'test/**/*.ts', 'bench/**/*.ts'];

/** The environment has one reader, so that every variable is validated and documented in one place. */
const environmentIsReadByConfig = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Take an option instead: only src/config reads the environment, and main hands it over.',
};

/** Node's timers take 2^31 - 1 ms, 24.8 days: a longer one fires after 1 ms. */
const TIMERS =
  'its delay may be longer than a timer takes, and it would fire at once: use setLongTimeout, setLongInterval or delay of src/common, or a constant in CAPITALS.';
const isNoConstant = ":not([arguments.1.type='Literal']):not([arguments.1.name=/^[A-Z][A-Z0-9_]*$/])";
const noBareTimers = [
  { selector: `CallExpression[callee.name=/^set(Timeout|Interval)$/]${isNoConstant}`, message: TIMERS },
  {
    selector: "CallExpression[callee.property.name='setTimeout']:not([arguments.0.type='Literal'])",
    message: TIMERS,
  },
  {
    selector:
      "CallExpression[callee.object.name='AbortSignal'][callee.property.name='timeout']:not([arguments.0.type='Literal'])",
    message: TIMERS,
  },
];
const noTimerImports = {
  paths: [
    ...['timers', 'node:timers', 'timers/promises', 'node:timers/promises'].map((name) => ({
      name,
      message: TIMERS,
    })),
    {
      name: 'rxjs',
      importNames: [
        'timer',
        'interval',
        'delay',
        'delayWhen',
        'timeout',
        'debounceTime',
        'throttleTime',
        'auditTime',
        'sampleTime',
        'bufferTime',
        'windowTime',
      ],
      message: TIMERS,
    },
  ],
};

export default defineConfig(
  // An example is an application of its own: Runstream's types are there once it is installed (examples.world-spec).
  // A program of test/clients/openapi has its types once its client is generated. Generated types are not ours to lay out.
  globalIgnores([
    ...[
      '**/dist/',
      'coverage/',
      '.data/',
      '.cache/',
      'bench/results/',
      'examples/',
      'test/clients/openapi/programs/',
      'test/embedding/packed/app/',
      '**/types.gen.ts',
      'src/dashboard/assets/',
    ],
  ]),

  {
    rules: {
      // `== null` is the one exception: on the wire, absent and null mean the same.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
    },
  },

  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        // With these two, consistent-type-imports leaves decorated files alone: a class that is injected
        // must stay a value import, since its metadata is read when the module is loaded.
        emitDecoratorMetadata: true,
        experimentalDecorators: true,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],

      // Nest's modules are classes whose decorator is the content.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A DTO's class documents a shape; object literals of that shape are what services return.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // A handler may return a result or nothing: `void` is how such a method is typed without a `return`.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // `return next()` is how Express is written.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `async` without `await` is how a method of an asynchronous interface turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // It holds `signal.aborted` for still false after an `await`, and so calls the checks that matter needless.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/ban-ts-comment': 'error',

      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },

  {
    files: ['src/**/*.ts'],
    ignores: [...TESTS, 'src/config/**', 'src/main.ts', 'src/keys-cli.ts', 'src/partitions-cli.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', environmentIsReadByConfig],
    },
  },

  {
    files: ['packages/*/src/**/*.{ts,tsx}'],
    rules: { 'no-console': 'error' },
  },

  {
    files: ['src/**/*.ts'],
    ignores: [...TESTS, 'src/common/timers.ts'],
    rules: {
      'no-restricted-imports': ['error', noTimerImports],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [
      ...TESTS,
      'src/common/timers.ts',
      'src/config/**',
      'src/main.ts',
      'src/keys-cli.ts',
      'src/partitions-cli.ts',
    ],
    rules: {
      'no-restricted-syntax': ['error', environmentIsReadByConfig, ...noBareTimers],
    },
  },
  {
    files: ['src/config/**/*.ts', 'src/main.ts', 'src/keys-cli.ts', 'src/partitions-cli.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': ['error', ...noBareTimers] },
  },

  {
    files: TESTS,
    rules: {
      // A test that meets `undefined` fails, and says where: that is what it is for.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'max-lines': 'off',
    },
  },
);
