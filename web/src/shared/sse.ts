/** Splits server-sent events out of text that arrives in arbitrary pieces; yields the data of each event. */
export class EventParser {
  private rest = ''
  private data: string[] = []

  /** Takes the next piece of text and returns the events it completes. */
  push(text: string): string[] {
    this.rest += text
    const found: string[] = []
    for (;;) {
      const end = this.rest.search(/\r\n|\n|\r/)
      if (end < 0) return found
      // A carriage return at the very end may be the first half of one line break.
      if (this.rest[end] === '\r' && end === this.rest.length - 1) return found
      const line = this.rest.slice(0, end)
      this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1))
      this.take(line, found)
    }
  }

  private take(line: string, found: string[]): void {
    if (line === '') {
      if (this.data.length) found.push(this.data.join('\n'))
      this.data = []
    } else if (line.startsWith('data:')) {
      this.data.push(line.slice(line[5] === ' ' ? 6 : 5))
    }
  }
}

/** The parsed JSON of each event of a streamed reply, until it ends or says [DONE]. */
export async function* events<T>(response: Response): AsyncGenerator<T> {
  if (!response.body) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  const parser = new EventParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      const text = done ? `${decoder.decode()}\n\n` : decoder.decode(value, { stream: true })
      for (const data of parser.push(text)) {
        if (data === '[DONE]') return
        yield JSON.parse(data) as T
      }
      if (done) return
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
