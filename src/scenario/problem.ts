/** Something that a schema cannot see, and where it is. */
export interface Problem {
  segments: string[]
  message: string
}

/** A key inside an entry and what is wrong with it; an empty key for the entry itself, undefined for nothing. */
export type Complaint = [key: string, complaint: string] | undefined

/** Complaints about what stands at a place, as problems that name it by its path. */
export function about(place: string[], complaints: Complaint[]): Problem[] {
  return complaints.flatMap((complaint) => {
    if (complaint === undefined) return []
    const segments = [...place, ...complaint[0].split('.').filter((part) => part !== '')]
    return [{ segments, message: `${pathOf(segments)} ${complaint[1]}` }]
  })
}

/** As people write it: `timeline[0].after`. */
function pathOf(segments: string[]): string {
  return segments.reduce((whole, part) => (/^\d+$/.test(part) ? `${whole}[${part}]` : whole === '' ? part : `${whole}.${part}`), '')
}
