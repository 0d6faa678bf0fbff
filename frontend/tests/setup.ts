// What every test of elements can rely on: matchers, patience, and a browser without a past.
import '@testing-library/jest-dom/vitest'
import { configure } from '@testing-library/vue'
import { afterEach } from 'vitest'

import { forgetPages } from './support/page'

// A guard against hanging, not a measure of speed.
configure({ asyncUtilTimeout: 10_000 })

afterEach(forgetPages)
