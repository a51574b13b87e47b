declare module 'emvqr' {
  const emvqr: { decode(text: string): Record<string, { id: string; name: string; len: number; data: unknown } | undefined> }
  export default emvqr
}
