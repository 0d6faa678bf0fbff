// What the linter forbids; above all, every way of handing text to the HTML parser.
import prettier from 'eslint-config-prettier'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import { defineConfig, globalIgnores } from 'eslint/config'
import typescript from 'typescript-eslint'

const REASON = 'No HTML sink: build nodes (h, textContent), so that hostile text stays text.'

const SINK_PROPERTIES = ['innerHTML', 'outerHTML', 'srcdoc', 'insertAdjacentHTML']

const SINKS = [
  ...SINK_PROPERTIES.map((property) => ({ property, message: REASON })),
  { property: 'setHTMLUnsafe', message: REASON },
  { property: 'parseHTMLUnsafe', message: REASON },
  { property: 'createContextualFragment', message: REASON },
  { object: 'document', property: 'write', message: REASON },
  { object: 'document', property: 'writeln', message: REASON },
]

// `h('p', { innerHTML })` and `:inner-html.prop` reach the sink without a member expression.
const SINK_SYNTAX = [
  {
    selector: 'Property[key.name=/^(innerHTML|outerHTML|srcdoc)$/]',
    message: REASON,
  },
  {
    selector: 'Property[key.value=/^(innerHTML|outerHTML|srcdoc)$/]',
    message: REASON,
  },
  { selector: 'NewExpression[callee.name="DOMParser"]', message: REASON },
]

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
  prettier,
)
