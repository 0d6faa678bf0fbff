// What every test of the page can rely on: matchers for elements, and an empty document.
import '@testing-library/jest-dom/vitest'
import { cleanup } from '@testing-library/vue'
import { afterEach } from 'vitest'

afterEach(cleanup)
