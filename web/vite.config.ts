import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Every output name carries a hash of its content and nothing else, so the same sources give the same bytes.
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../src/yunqi/console/dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    modulePreload: { polyfill: false },
    manifest: 'manifest.json',
    rolldownOptions: {
      input: { store: 'index.html', console: 'console.html' },
      output: {
        entryFileNames: 'assets/[name]-[hash].js',
        chunkFileNames: 'assets/[name]-[hash].js',
        assetFileNames: 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { proxy: { '/v1': process.env.YUNQI_URL ?? 'http://127.0.0.1:8000' } },
})
