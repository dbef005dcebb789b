// Runs before the first paint so that a chosen theme or language never flashes.
;(function () {
  try {
    var root = document.documentElement
    var theme = localStorage.getItem('yunqi.theme')
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme
    var language = localStorage.getItem('yunqi.language')
    if (language === 'en' || language === 'zh') root.lang = language === 'zh' ? 'zh-CN' : 'en'
  } catch (error) {
    // Storage may be forbidden: the system's theme and the page's language stand.
  }
})()
