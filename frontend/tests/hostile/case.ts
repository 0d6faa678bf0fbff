// What a hostile case is: a name that says what it tries, and the text that tries it.

export type Cases = Readonly<Record<string, string>>

/** Every text in every form: `name of text, name of form` → the text put into the form. */
export function crossed(
  texts: Cases,
  forms: Readonly<Record<string, (text: string) => string>>,
): Cases {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([what, text]) =>
      Object.entries(forms).map(([how, form]) => [`${what}, as ${how}`, form(text)]),
    ),
  )
}
