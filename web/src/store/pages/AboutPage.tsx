import { useConfig, useText } from '../context'
import { useTitle } from '../states'

export default function AboutPage() {
  const { t } = useText()
  useTitle(t('aboutTitle'))
  const config = useConfig().data
  return (
    <div className="page narrow prose">
      <h1 className="page-title">{t('aboutTitle')}</h1>
      {config?.demo_note && <><h2>{t('aboutDemo')}</h2><p>{config.demo_note}</p><p>{t('derivedHelp')}</p></>}
      <h2>{t('aboutArt')}</h2>
      <p>{t('aboutArtText')} <a href="https://github.com/microsoft/fluentui-emoji">github.com/microsoft/fluentui-emoji</a></p>
      <p><a href="/licences.txt">{t('aboutLicences')}</a></p>
      <h2>{t('aboutPrivacy')}</h2>
      <p>{t('aboutPrivacyText')}</p>
    </div>
  )
}
