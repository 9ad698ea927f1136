import { defineConfig } from '@playwright/test'

// Headless Chromium calls itself "HeadlessChrome", which is on every list of crawlers, and rightly so (rule C4).
export const READER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

const use = {
  userAgent: READER,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
}

export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 2,
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  // Only ends what hangs: a slow machine takes half of a minute for the longest.
  timeout: 240_000,
  expect: { timeout: 30_000 },
  projects: [
    // Every spec runs with and without JavaScript; those about what JavaScript does end in .hydrate.spec.ts and run only with.
    { name: 'with-javascript', use: { ...use } },
    { name: 'without-javascript', testIgnore: '**/*.hydrate.spec.ts', use: { ...use, javaScriptEnabled: false } },
  ],
})
