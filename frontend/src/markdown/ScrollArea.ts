// A part of a text that may be wider than the page, and scrolls on its own.
import { defineComponent, h, onBeforeUnmount, onMounted, shallowRef } from 'vue'

/**
 * Reachable by keyboard while there is something to scroll, so that long tables can be read
 * without a mouse and short ones are no stop on the way.
 */
export const ScrollArea = defineComponent({
  name: 'ScrollArea',
  props: {
    tag: { type: String, required: true },
    label: { type: String, required: true },
  },
  setup(props, { slots }) {
    const area = shallowRef<HTMLElement | null>(null)
    const scrolls = shallowRef(true)
    const watched = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(look)

    function look(): void {
      const element = area.value
      scrolls.value = element !== null && element.scrollWidth > element.clientWidth
    }

    onMounted(() => {
      if (area.value === null) return
      watched?.observe(area.value)
      for (const child of area.value.children) watched?.observe(child)
    })
    onBeforeUnmount(() => watched?.disconnect())

    return () =>
      h(
        props.tag,
        {
          ref: area,
          role: 'group',
          'aria-label': props.label,
          tabindex: scrolls.value ? 0 : undefined,
        },
        slots.default?.(),
      )
  },
})
