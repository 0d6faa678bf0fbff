// What the linter forbids; above all, every way of handing text to the HTML parser.
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import { defineConfig, globalIgnores } from 'eslint/config'
import typescript from 'typescript-eslint'

const REASON = 'No HTML sink: build nodes (h, textContent), so that hostile text stays text.'

const ON_EVERY_OBJECT = [
  'innerHTML',
  'outerHTML',
  'srcdoc',
  'insertAdjacentHTML',
  'setHTMLUnsafe',
  'parseHTMLUnsafe',
  'createContextualFragment',
]

const SINKS = [
  ...ON_EVERY_OBJECT.map((property) => ({ property, message: REASON })),
  ...['write', 'writeln'].map((property) => ({ object: 'document', property, message: REASON })),
]

// Where a sink has no object before it: `h('p', { innerHTML })`, `Reflect.set(el, 'innerHTML', …)`,
// and in templates, which the rule of properties does not read.
const NAMES = '/^[.^]?(innerHTML|outerHTML|srcdoc)$/'
const SINK_SYNTAX = [
  `Property[key.name=${NAMES}]`,
  `Literal[value=${NAMES}]`,
  `MemberExpression[property.name=${NAMES}]`,
  'NewExpression[callee.name="DOMParser"]',
].map((selector) => ({ selector, message: REASON }))

const SINK_ATTRIBUTES = '/^(inner-?html|outer-?html|srcdoc)$/i'

export default defineConfig(
  globalIgnores(['node_modules', 'coverage', 'src/api/schema.d.ts']),
  typescript.configs.strict,
  typescript.configs.stylistic,
  vue.configs['flat/recommended'],
  accessibility.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: typescript.parser } },
  },
  {
    languageOptions: { ecmaVersion: 'latest', sourceType: 'module' },
    rules: {
      'vue/no-v-html': 'error',
      // Ours are imported, so that no element of the browser can be meant instead.
      'vue/multi-word-component-names': 'off',
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/component-api-style': ['error', ['script-setup', 'composition']],
      'vue/no-restricted-v-bind': ['error', SINK_ATTRIBUTES],
      'vue/no-restricted-static-attribute': ['error', { key: SINK_ATTRIBUTES, message: REASON }],
      'vue/no-restricted-syntax': ['error', ...SINK_SYNTAX],
      'no-restricted-properties': ['error', ...SINKS],
      'no-restricted-syntax': ['error', ...SINK_SYNTAX],
      'no-eval': 'error',
      'no-new-func': 'error',
      eqeqeq: 'error',
      'vuejs-accessibility/label-has-for': [
        'error',
        { required: { some: ['nesting', 'id'] }, allowChildren: true },
      ],
    },
  },
  {
    // This file has to name what it forbids, and tests what they look for.
    files: ['eslint.config.js', 'e2e/**', 'tests/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  prettier,
)
