// The models and providers of the fake server.
import type { Model, Provider } from '@/api/types'

const unknown = { maxOutputTokens: null, capabilities: null, default: false, reason: '' }

export const GPT: Model = {
  ...unknown,
  id: 'gpt',
  name: 'GPT-5.6',
  description: 'For hard questions',
  provider: 'openai',
  default: true,
  contextWindow: 400_000,
  state: 'ready',
}

export const MINI: Model = {
  ...unknown,
  id: 'mini',
  name: 'GPT-5 mini',
  description: 'Quick and cheap',
  provider: 'openai',
  contextWindow: 128_000,
  state: 'ready',
}

export const CLAUDE: Model = {
  ...unknown,
  id: 'claude',
  name: 'Claude Haiku 4.5',
  description: 'Writes and codes well',
  provider: 'anthropic',
  contextWindow: 200_000,
  state: 'ready',
}

export const MISTRAL: Model = {
  ...unknown,
  id: 'mistral-small',
  name: 'Mistral Small',
  description: 'European and frugal',
  provider: 'mistral',
  contextWindow: 32_000,
  state: 'no_key',
  reason: 'set MISTRAL_API_KEY',
}

export const TOY: Model = {
  ...unknown,
  id: 'local',
  name: 'SmolLM2 135M (toy)',
  description: 'A tiny model inside Dragoman: to try things out, not to rely on',
  provider: 'local',
  contextWindow: 8_192,
  state: 'ready',
}

export const MODELS: readonly Model[] = [GPT, MINI, CLAUDE, TOY, MISTRAL]

const keyed = (id: string, name: string, keyVariable: string): Provider => ({
  id,
  name,
  keyVariable,
  state: 'no_key',
  reason: `set ${keyVariable}`,
  models: 0,
})

export const LOCAL: Provider = {
  id: 'local',
  name: 'Local model',
  state: 'ready',
  reason: '',
  keyVariable: null,
  models: 1,
}

export const KEYLESS: readonly Provider[] = [
  keyed('openai', 'OpenAI', 'OPENAI_API_KEY'),
  keyed('anthropic', 'Anthropic', 'ANTHROPIC_API_KEY'),
  keyed('groq', 'Groq', 'GROQ_API_KEY'),
  keyed('mistral', 'Mistral', 'MISTRAL_API_KEY'),
]

export const PROVIDERS: readonly Provider[] = [
  { ...keyed('openai', 'OpenAI', 'OPENAI_API_KEY'), state: 'ready', reason: '', models: 2 },
  {
    ...keyed('anthropic', 'Anthropic', 'ANTHROPIC_API_KEY'),
    state: 'ready',
    reason: '',
    models: 1,
  },
  LOCAL,
  keyed('mistral', 'Mistral', 'MISTRAL_API_KEY'),
  keyed('groq', 'Groq', 'GROQ_API_KEY'),
  keyed('deepseek', 'DeepSeek', 'DEEPSEEK_API_KEY'),
]
