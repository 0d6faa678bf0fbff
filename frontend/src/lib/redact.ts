// Masks what looks like a key. The server has done so already; this is the second lock.
const SECRETS: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|key)[-_][\w-]{8,}/gi,
  /\bAIza[\w-]{20,}/g,
  /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi,
  /\beyJ[\w-]{10,}(?:\.[\w-]+){1,2}/g,
  /\b(?:api[-_]?key|token|secret|password)\b["']?\s*[=:]\s*["']?[^\s"',;]{6,}/gi,
]

export const redacted = (text: string): string =>
  SECRETS.reduce((masked, secret) => masked.replace(secret, '•••'), text)
