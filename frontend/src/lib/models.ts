// What the page wants to know of a model beside what the server says.
import type { Model, ProviderState } from '@/api/types'

const TOY_MARK = /\s*\(toy\)$/

/** The tiny model that comes with Dragoman; a file of weights that one names oneself is none. */
export const isToy = ({ provider, name }: Model): boolean =>
  provider === 'local' && TOY_MARK.test(name)

/** A model's name without the mark that the page shows as a chip. */
export const plainName = (model: Model): string =>
  isToy(model) ? model.name.replace(TOY_MARK, '') : model.name

const NEVER: readonly ProviderState[] = ['no_key', 'failed']

/**
 * Whether a question can be put to it. A model that is being loaded lets the question wait, and what
 * was heard of a provider a while ago may be over.
 */
export const canAnswer = ({ state }: Model): boolean => !NEVER.includes(state)
