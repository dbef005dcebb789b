/** A refusal of the server, with what it said and the id under which its log has it. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly requestId: string | null,
    readonly param: string | null = null,
  ) {
    super(message)
  }
}

export interface Call { method?: string; json?: unknown; body?: BodyInit; headers?: Record<string, string>; signal?: AbortSignal; keepalive?: boolean }
interface ErrorBody { error?: { message?: string; code?: string; param?: string | null }; code?: string; message?: string; request_id?: string }

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  let body: ErrorBody = {}
  try {
    body = JSON.parse(text) as ErrorBody
  } catch {
    // A proxy's error page is not JSON: the status line has to do.
  }
  const message = body.error?.message ?? body.message ?? (response.statusText || `HTTP ${response.status}`)
  const code = body.error?.code ?? body.code ?? `http_${response.status}`
  const requestId = body.request_id ?? response.headers.get('X-Request-Id')
  return new ApiError(message, response.status, code, requestId, body.error?.param ?? null)
}

/** One request; a reply other than 2xx is thrown as an ApiError, an unreachable server as one with status 0. */
export async function request(path: string, call: Call = {}): Promise<Response> {
  const headers: Record<string, string> = { 'X-Yunqi': '1', ...call.headers }
  if (call.json !== undefined) headers['Content-Type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path, {
      method: call.method ?? 'GET',
      headers,
      body: call.json === undefined ? call.body : JSON.stringify(call.json),
      signal: call.signal,
      keepalive: call.keepalive,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError('The server cannot be reached.', 0, 'unreachable', null)
  }
  if (!response.ok) throw await refusal(response)
  return response
}

/** One request whose reply is JSON. */
export async function api<T>(path: string, call: Call = {}): Promise<T> {
  const response = await request(path, call)
  if (response.status === 204) return undefined as T
  return (await response.json()) as T
}

/** A query string of the parameters that have a value. */
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '')
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
  return text ? `?${text}` : ''
}

/** A random UUID, also where the page is not a secure context (plain HTTP in a local network). */
export function uuid(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
