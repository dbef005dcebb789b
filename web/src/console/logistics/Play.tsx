import { Button } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { useText } from '../context'

/** The step of something that goes on in steps: a slider, one back and forth, and play. */
export function usePlay(last: number, every: number): { step: number; controls: ReactNode } {
  const { t, number } = useText()
  const [at, setAt] = useState(0)
  const [playing, setPlaying] = useState(false)
  const step = Math.min(at, last)
  useEffect(() => {
    if (!playing) return
    if (step >= last) return setPlaying(false)
    const timer = setTimeout(() => setAt(step + 1), every)
    return () => clearTimeout(timer)
  }, [playing, step, last, every])
  const go = (to: number) => { setPlaying(false); setAt(Math.min(last, Math.max(0, to))) }
  const play = () => { if (!playing && step >= last) setAt(0); setPlaying(!playing) }
  const controls = (
    <div className="tools play">
      <Button size="small" onClick={play}>{t(playing ? 'playPause' : 'playStart')}</Button>
      <Button size="small" aria-label={t('playBack')} disabled={step === 0} onClick={() => go(step - 1)}>−</Button>
      <input type="range" min={0} max={last} value={step} aria-label={t('playStep')} aria-valuetext={t('playAt', { step: number(step), last: number(last) })} onChange={(event) => go(Number(event.target.value))} />
      <Button size="small" aria-label={t('playOn')} disabled={step >= last} onClick={() => go(step + 1)}>+</Button>
      <span className="quiet">{t('playAt', { step: number(step), last: number(last) })}</span>
    </div>
  )
  return { step, controls }
}
