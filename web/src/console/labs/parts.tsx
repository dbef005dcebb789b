import { InboxOutlined } from '@ant-design/icons'
import { useText } from '../context'

const KIB = 1024

/** A place for one file, by choosing or dropping. */
export function Drop({ text, accept, file, choose }: { text: string; accept?: string; file: File | undefined; choose: (file: File | undefined) => void }) {
  const { t, number } = useText()
  return (
    <label className="drop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); choose(event.dataTransfer.files[0]) }}>
      <InboxOutlined style={{ fontSize: 28 }} />
      <strong>{text}</strong>
      <span className="quiet">{file ? `${file.name} (${number(file.size / KIB, 1)} KiB)` : t('importFileNone')}</span>
      <input type="file" accept={accept} onChange={(event) => choose(event.target.files?.[0])} />
    </label>
  )
}

/** A share as a bar with its percentage. */
export function Share({ of: share }: { of: number }) {
  const { number } = useText()
  return <span className="meter"><span className="bar-track" aria-hidden="true"><span className="bar" style={{ insetInlineStart: 0, inlineSize: `${Math.min(100, 100 * share)}%` }} /></span>{number(100 * share, 1)} %</span>
}
