// The page of the JSON API with JavaScript: requests that write.

import { looksRight } from './looks'
import { expect, test } from './server'

test('a view is sent from the API page by keyboard', async ({ page, server }, info) => {
  const { articles } = await (await fetch(`${server.url}/api/v1/articles`)).json()
  const { id } = articles[0]
  await page.goto('/docs/api')
  const request = page.getByRole('region', { name: 'PUT /api/v1/articles/{id}/view', exact: true })
  await request.getByLabel('id').focus()
  await page.keyboard.type(String(id))
  await page.keyboard.press('Enter')
  const answer = request.getByRole('status')
  await expect(answer).toContainText(`PUT /api/v1/articles/${id}/view: 200`)
  await expect(answer).toContainText(`"article": ${id}`)
  await looksRight(page, 'api-answer', info.project.name, true)
})
