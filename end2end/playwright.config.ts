import { defineConfig } from '@playwright/test'

// Headless Chromium calls itself "HeadlessChrome", which rightly counts as a crawler (rule C4).
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
  // Only stops tests that hang: on a slow machine the longest test takes half a minute, and on one that is busy as well, some
  // times as long.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  projects: [
    // Every spec runs with and without JavaScript, except *.hydrate.spec.ts: they need JavaScript.
    { name: 'with-javascript', use: { ...use } },
    { name: 'without-javascript', testIgnore: '**/*.hydrate.spec.ts', use: { ...use, javaScriptEnabled: false } },
  ],
})
