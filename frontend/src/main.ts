// Puts the page into the document.
import { createApp } from 'vue'

import App from './App.vue'
import { createPage, PAGE } from './stores/page'
import './styles/index.css'

const CHANNEL = 'dragoman'

const page = createPage({
  view: window,
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  channel: typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL),
})

createApp(App).provide(PAGE, page).mount('#app')
