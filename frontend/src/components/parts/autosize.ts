// A text box as high as its text; how high at most, its style says.
import { nextTick, onMounted, watch, type Ref } from 'vue'

export function useAutosize(
  box: Readonly<Ref<HTMLTextAreaElement | null>>,
  text: Readonly<Ref<string>>,
): void {
  async function fit(): Promise<void> {
    await nextTick()
    if (box.value === null) return
    const { style } = box.value
    style.height = 'auto'
    const border = box.value.offsetHeight - box.value.clientHeight
    style.height = `${box.value.scrollHeight + border}px`
  }
  watch(text, fit)
  onMounted(fit)
}
