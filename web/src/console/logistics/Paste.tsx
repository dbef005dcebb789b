import { Input } from 'antd'
import type { ReactNode } from 'react'
import { useText } from '../context'

interface PasteProps { label: string; hint: string; value: string; accept: string; change: (text: string) => void; children?: ReactNode }

/** A place to paste, drop or choose a file's text; what is done with it stands beside the choice. */
export function Paste({ label, hint, value, accept, change, children }: PasteProps) {
  const { t } = useText()
  const take = async (file: File | undefined) => { if (file) change(await file.text()) }
  return (
    <div className="paste" onDragOver={(event) => event.preventDefault()} onDrop={(event) => { event.preventDefault(); void take(event.dataTransfer.files[0]) }}>
      <Input.TextArea className="mono" dir="ltr" rows={7} value={value} aria-label={label} placeholder={hint} spellCheck={false} onChange={(event) => change(event.target.value)} />
      <div className="tools">
        <label className="file-button">{t('logFile')}<span className="hidden-text"> ({label})</span><input type="file" accept={accept} onChange={(event) => { void take(event.target.files?.[0]); event.target.value = '' }} /></label>
        {children}
      </div>
    </div>
  )
}
