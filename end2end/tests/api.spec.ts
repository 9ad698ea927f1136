// The page of the JSON API, with and without JavaScript: a GET form shows the API's answer.

import { expect, test } from './server'

test('a request of the JSON API is sent from its form', async ({ page, javaScriptEnabled }) => {
  await page.goto('/docs/api')
  const request = page.getByRole('region', { name: 'GET /api/v1/articles', exact: true })
  await request.getByLabel('per-page').fill('1')
  await request.getByLabel('tag').fill('counting')
  await request.getByRole('button', { name: 'Send' }).click()
  // Without JavaScript, the browser navigates to the answer.
  const answer = javaScriptEnabled === false ? page.locator('body') : request.getByRole('status')
  await expect(answer).toContainText('"articles"')
  if (javaScriptEnabled === false) await expect(page).toHaveURL(/\/api\/v1\/articles\?per-page=1&tag=counting$/)
  else await expect(answer).toContainText('GET /api/v1/articles?per-page=1&tag=counting: 200')
})

test('a form with a path parameter leads to the requested address', async ({ page, javaScriptEnabled }) => {
  await page.goto('/docs/api')
  const request = page.getByRole('region', { name: 'GET /api/v1/articles/{id}', exact: true })
  await request.getByLabel('id').fill('999999')
  await request.getByRole('button', { name: 'Send' }).click()
  const answer = javaScriptEnabled === false ? page.locator('body') : request.getByRole('status')
  await expect(answer).toContainText('There is no published article 999999.')
})
