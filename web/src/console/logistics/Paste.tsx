import { Input } from 'antd'
import { useText } from '../context'

interface PasteProps { label: string; hint: string; value: string; accept: string; rows?: number; change: (text: string) => void }

/** A place to paste, drop or choose a file's text. */
export function Paste({ label, hint, value, accept, rows = 7, change }: PasteProps) {
  const { t } = useText()
  const take = async (file: File | undefined) => { if (file) change(await file.text()) }
  return (
    <div className="paste" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); void take(event.dataTransfer.files[0]) }}>
      <Input.TextArea className="mono" dir="ltr" rows={rows} value={value} aria-label={label} placeholder={hint} spellCheck={false} onChange={(event) => change(event.target.value)} />
      <label className="file-button">{t('logFile')}<span className="hidden-text"> ({label})</span><input type="file" accept={accept} onChange={(event) => { void take(event.target.files?.[0]); event.target.value = '' }} /></label>
    </div>
  )
}
