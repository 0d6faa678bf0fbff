// Puts the page into the document.
import { createApp } from 'vue'

import App from './App.vue'

createApp(App).mount('#app')
