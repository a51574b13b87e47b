/**
 * The document's request example of /apply calls payAccount `glinkAccount`. Every example is accepted as printed, so
 * the alias is taken where the real name is not there.
 *
 * @param body the request body; gets `payAccount` in the place of the alias
 * @returns warnings for the merchant's developer
 */
export function acceptAliases(body: Record<string, unknown>): string[] {
  if (!Object.hasOwn(body, 'glinkAccount')) return []
  const alias = body['glinkAccount']
  delete body['glinkAccount']
  if (Object.hasOwn(body, 'payAccount')) return ['glinkAccount is ignored, as payAccount is given; leave it out']
  body['payAccount'] = alias
  return ['glinkAccount is read as payAccount, the name in the table of the document; send payAccount']
}
