import { Alert } from 'antd'
import { useState } from 'react'
import { api } from '../../shared/api'
import { Rows } from '../Rows'
import { useChange, useProblem, useText } from '../context'
import { Lanes } from '../draw'
import { Go, Nothing, Panel, Waiting } from '../states'
import { lanes } from './konata'
import { Drop, Share } from './parts'

interface Spot { name: string; address: number; executions: number; cycles: number; share: number }
interface Profile {
  program: string; exit_status: number; fault: { message: string } | null; stopped: string | null; instructions: number; cycles: number; ipc: number; seconds: number; timing: string
  stdout: string; stderr: string; cpi_stack: Record<string, number>; top_down: Record<string, number>; functions: Spot[]; hot_spots: Spot[]; energy_microjoules: number; konata: string
}

const PARTS = 30_000
const MOST_LANES = 48

/** The bytes of a file in base64, a part at a time: a function takes only so many arguments. */
async function base64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let text = ''
  for (let at = 0; at < bytes.length; at += PARTS) text += String.fromCharCode(...bytes.subarray(at, at + PARTS))
  return btoa(text)
}

/** A RISC-V program on the modelled core. */
export function Processor() {
  const { t } = useText()
  const problem = useProblem()
  const [file, setFile] = useState<File>()
  const run = useChange(async (chosen: File) => api<Profile>('/v1/labs/riscv/profiles', { method: 'POST', json: { program: await base64(chosen), name: chosen.name, pipeline: true } }), [])
  return (
    <>
      <Panel title={t('coreTitle')}>
        <p className="quiet">{t('coreHelp')}</p>
        <Drop text={t('coreFile')} file={file} choose={setFile} />
        <div className="tools"><Go text={t('coreGo')} busy={run.isPending} type="primary" disabled={!file} onClick={() => file && run.mutate(file)} /></div>
        {run.error && <Alert type="error" role="alert" showIcon title={problem(run.error)} />}
      </Panel>
      {run.isPending ? <Waiting /> : run.data ? <Profiled profile={run.data} /> : <Panel><Nothing text={t('coreEmpty')} /></Panel>}
    </>
  )
}

function Profiled({ profile }: { profile: Profile }) {
  const { t, number, compact } = useText()
  const whole = Object.values(profile.cpi_stack).reduce((sum, one) => sum + one, 0) || 1
  const causes = Object.entries(profile.cpi_stack).filter(([, cycles]) => cycles > 0).sort((one, other) => other[1] - one[1])
  const ended = profile.fault?.message ?? profile.stopped
  const way = lanes(profile.konata).slice(0, MOST_LANES)
  return (
    <>
      <dl className="figures" style={{ marginBlockStart: 16 }}>
        <div className="figure"><dt>{t('coreInstructions')}</dt><dd>{compact(profile.instructions)}</dd></div>
        <div className="figure"><dt>{t('labCycles')}</dt><dd>{compact(profile.cycles)}</dd></div>
        <div className="figure"><dt>{t('coreIpc')}</dt><dd>{number(profile.ipc, 2)}</dd></div>
        <div className="figure"><dt>{t('coreTime')}</dt><dd>{number(profile.seconds * 1e3, 3)}</dd></div>
        <div className="figure"><dt>{t('coreEnergy')}</dt><dd>{number(profile.energy_microjoules, 1)}</dd></div>
        <div className="figure"><dt>{t('coreExit')}</dt><dd>{profile.exit_status}</dd></div>
      </dl>
      {ended && <Alert type="warning" role="alert" showIcon title={t('coreEnded')} description={ended} />}
      {profile.timing === 'sampled' && <Alert type="info" showIcon title={t('coreSampled')} />}
      <Panel title={t('coreStack')}>
        <Rows label={t('coreStack')} rows={causes} columns={[[t('coreCause'), ([cause]) => cause.replaceAll('_', ' ')], [t('labCycles'), ([, cycles]) => number(cycles), true], [t('coreShare'), ([, cycles]) => <Share of={cycles / whole} />]]} />
        <h3>{t('coreTopDown')}</h3>
        <Rows label={t('coreTopDown')} rows={Object.entries(profile.top_down)} columns={[[t('coreCause'), ([cause]) => cause.replaceAll('_', ' ')], [t('coreShare'), ([, share]) => <Share of={share} />]]} />
      </Panel>
      <Spots title={t('coreFunctions')} rows={profile.functions} />
      <Spots title={t('coreHot')} rows={profile.hot_spots} mono />
      <Panel title={t('corePipeline')}>
        {way.length > 0 ? <Lanes lanes={way} format={(value) => number(value)} label={t('corePipelineSummary', { count: number(way.length) })} /> : <Nothing text={t('none')} />}
        <p className="quiet">{t('corePipelineHelp')}</p>
      </Panel>
      {(profile.stdout || profile.stderr) && <Panel title={t('coreOutput')}><pre className="mono" tabIndex={0} dir="ltr">{profile.stdout}{profile.stderr}</pre></Panel>}
    </>
  )
}

function Spots({ title, rows, mono = false }: { title: string; rows: Spot[]; mono?: boolean }) {
  const { t, number } = useText()
  return (
    <Panel title={title}>
      <Rows label={title} rows={rows} columns={[
        [t('coreWhat'), (row) => <span className={mono ? 'mono' : undefined} dir="ltr">{row.name}</span>],
        [t('coreAddress'), (row) => <span className="mono" dir="ltr">{row.address.toString(16)}</span>],
        [t('coreTimes'), (row) => number(row.executions), true],
        [t('labCycles'), (row) => number(row.cycles), true],
        [t('coreShare'), (row) => <Share of={row.share} />],
      ]} />
    </Panel>
  )
}
