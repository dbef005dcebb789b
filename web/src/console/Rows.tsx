import type { ReactNode } from 'react'
import { useText } from './context'

const MOST = 300
interface RowsProps<T> { label: string; rows: T[]; columns: [title: string, cell: (row: T) => ReactNode, end?: boolean][] }

/** A plain table that scrolls sideways by keyboard too; it shows the first rows and says how many there are. */
export function Rows<T>({ label, rows, columns }: RowsProps<T>) {
  const { t, number } = useText()
  return (
    <>
      <div className="rows" role="region" aria-label={label} tabIndex={0}>
        <table>
          <thead><tr>{columns.map(([title, , end]) => <th key={title} scope="col" className={end ? 'end' : undefined}>{title}</th>)}</tr></thead>
          <tbody>{rows.slice(0, MOST).map((row, at) => <tr key={at}>{columns.map(([title, cell, end]) => <td key={title} className={end ? 'end' : undefined}>{cell(row)}</td>)}</tr>)}</tbody>
        </table>
      </div>
      {rows.length > MOST && <p className="quiet">{t('rowsFirst', { shown: number(MOST), count: number(rows.length) })}</p>}
    </>
  )
}
