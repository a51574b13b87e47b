import { digestOf, hmacOf, readDigest, type ReceivedDigest } from './digest.ts'
import { MASK, rightly, stringOf, templateOf, withBody, type Draft } from './draft.ts'
import { COMPACT, layoutOf, readTree } from './json-tree.ts'
import { STAGES, type Stage, type Surroundings, type Variant } from './mistakes/mistake.ts'
import { MISTAKES, PAIRS, TOGETHER, type MistakeCode } from './mistakes/table.ts'
import type { SignatureReading } from '../sign.ts'

/** A signature to be explained, and what else is known. */
export interface ExplainInput {
  appKey: string
  appSecret: string
  /** The text of the body exactly as it was sent; empty or left out for none. */
  body?: string | undefined
  /** The header `sign` as it was received. */
  sign: string
  /** Secrets that could have been used by mistake, and whose they are. */
  otherSecrets?: readonly (string | { appKey?: string | undefined; appSecret: string })[] | undefined
  /** Bodies of other requests, with what to call them. */
  otherBodies?: readonly (string | { id?: string | undefined; body: string })[] | undefined
  /** Which form of the string to sign is right; `strict` is QLink's rule. */
  reading?: SignatureReading | undefined
  /** How many bytes may be hashed in the search; {@link EFFORT} where left out. */
  effort?: number | undefined
}

/** Enough for all that is looked for in a body of half a megabyte, and for a part of it in a larger one. */
export const EFFORT = 256 * 1024 * 1024
/** What making and hashing a string costs, however short it is, in bytes. */
const ATTEMPT = 256
/** Reading a body's tree and writing it is as much work as hashing it so many times. */
const TREE = 32
/** Of other merchants and other requests no more are tried. */
const MOST_OTHERS = 100

/** The mistakes that give a signature, and the string that they give. */
export interface Found {
  readonly mistakes: readonly MistakeCode[]
  readonly twins: readonly MistakeCode[]
  readonly draft: Draft
  /** What of it was hashed. */
  readonly hashes: Hashed
  /** The request whose signature it is. */
  readonly about?: string | undefined
}

/** An HMAC has the secret as its key, so it may be of the template alone, or of the body. */
type Hashed = 'string' | 'template' | 'body'

/** A mistake made once. */
interface Single {
  readonly code: MistakeCode
  readonly variant: Variant
  readonly draft: Draft
}

const CODES = Object.keys(MISTAKES) as MistakeCode[]

/** All that is looked for, the common ones first: of a large body there may be no time for more. */
const ALL: readonly { readonly code: MistakeCode; readonly variant: Variant }[] = CODES
  .flatMap((code) => (MISTAKES[code].variants as readonly Variant[]).map((variant) => ({ code, variant })))
  .sort((a, b) => Number(a.variant.rare ?? false) - Number(b.variant.rare ?? false))

/** Parts of the string in which two mistakes can be made at once. */
const REPEATED: ReadonlySet<Stage> = new Set(['tree', 'body', 'template', 'escapes', 'secret'])

/**
 * The right way to put the string together.
 *
 * @param reading which of the two forms is meant
 * @param withTree whether the body is to be read, for mistakes that write it anew
 */
export function rightDraft({ appKey, appSecret, body = '' }: ExplainInput, reading: 'strict' | 'object', withTree: boolean): Draft {
  const tree = withTree && body !== '' ? readTree(body) : undefined
  // Blanks at a secret's ends show, as they may be the mistake.
  const start = appSecret.slice(0, appSecret.length - appSecret.trimStart().length)
  const end = appSecret.slice(start.length + appSecret.trim().length)
  return rightly({ appKey, secret: { value: appSecret, shown: start + MASK + end } }, body, tree, tree === undefined ? COMPACT : layoutOf(body, tree), reading)
}

/** The search for what gives a signature: each mistake alone, then those that are made together. */
export class Search {
  readonly #input: ExplainInput
  readonly #digest: ReceivedDigest | undefined
  readonly #around: Surroundings
  #left: number

  constructor(input: ExplainInput) {
    this.#input = input
    this.#digest = readDigest(input.sign)
    this.#left = input.effort ?? EFFORT
    this.#around = { others: (input.otherSecrets ?? []).slice(0, MOST_OTHERS).map((one) => (typeof one === 'string' ? { appSecret: one } : one)) }
  }

  /** Whether the signature can be a digest at all. */
  get readable(): boolean {
    return this.#digest !== undefined
  }

  /** Whether the search ended before all was tried. */
  get exhausted(): boolean {
    return this.#left <= 0
  }

  run(): Found | undefined {
    const digest = this.#digest
    if (digest === undefined) return undefined
    const { body = '', reading = 'strict' } = this.#input
    const readings = reading === 'either' ? ['strict', 'object'] as const : [reading]
    const rights = readings.map((one) => rightDraft(this.#input, one, body.length * TREE < this.#left))
    const common: Single[][] = []
    return first(rights, (right) => this.#asItIs(right, digest))
      ?? first(rights, (right) => this.#alone(right, digest, common))
      ?? this.#ofAnother(rights, digest)
      ?? first(common, (singles) => this.#asHmac(singles, digest))
      ?? first(common, (singles) => this.#inPairs(singles, digest))
      ?? first(common, (singles) => this.#inThrees(singles, digest))
  }

  /** The right string, by another hash or in other digits. */
  #asItIs(draft: Draft, digest: ReceivedDigest): Found | undefined {
    if (this.#gives(draft, digest)) return { mistakes: named([], digest), twins: [], draft, hashes: 'string' }
    return first(['template', 'string', 'body'] as const, (hashes) => this.#hmac([], draft, hashes, digest))
  }

  /**
   * Each mistake that changes anything.
   *
   * @param common takes those which are looked for together with others too
   */
  #alone(right: Draft, digest: ReceivedDigest, common: Single[][]): Found | undefined {
    const rightly = stringOf(right, 'value')
    const singles: Single[] = []
    const hits: Single[] = []
    const bodies: Partial<Record<MistakeCode, Set<string>>> = {}
    for (const { code, variant } of ALL) {
      for (const draft of listOf(variant.apply(right, this.#around))) {
        if (this.exhausted) break
        // The same for most bodies, as from two ways to write a number.
        // To write a body anew takes as long as to hash it.
        if (draft.body !== right.body) this.#left -= draft.body.length
        const seen = (bodies[code] ??= new Set())
        if (draft.body !== right.body && seen.size === seen.add(draft.body).size) continue
        const text = stringOf(draft, 'value')
        if (text === rightly && (draft.bytes === undefined || isAscii(text))) continue
        const single = { code, variant, draft }
        if (this.#hashes(text, draft, digest)) hits.push(single)
        if (variant.rare !== true) singles.push(single)
      }
    }
    // By the place of what they change.
    common.push(singles.sort((a, b) => STAGES.indexOf(a.variant.stage) - STAGES.indexOf(b.variant.stage)))
    const [hit] = hits.sort((a, b) => CODES.indexOf(a.code) - CODES.indexOf(b.code))
    if (hit === undefined) return undefined
    const twins = new Set(hits.map(({ code }) => code).filter((code) => code !== hit.code))
    return { mistakes: named([hit.code], digest), twins: [...twins], draft: hit.draft, hashes: 'string' }
  }

  /** The right signature of another body. */
  #ofAnother(rights: readonly Draft[], digest: ReceivedDigest): Found | undefined {
    return first((this.#input.otherBodies ?? []).slice(0, MOST_OTHERS), (other) => first(rights, (right) => {
      const { id, body } = typeof other === 'string' ? { id: undefined, body: other } : other
      if (this.exhausted || body === right.body) return undefined
      const draft = withBody(right, body)
      return this.#gives(draft, digest) ? { mistakes: named(['signature-of-another-request'], digest), twins: [], draft, hashes: 'string', about: id } : undefined
    }))
  }

  #asHmac(singles: readonly Single[], digest: ReceivedDigest): Found | undefined {
    return first(singles, ({ code, draft }) => this.#hmac([code], draft, 'template', digest))
  }

  #inPairs(singles: readonly Single[], digest: ReceivedDigest): Found | undefined {
    const hits: { readonly codes: readonly MistakeCode[]; readonly draft: Draft }[] = []
    for (const [one, other] of pairsOf(singles)) {
      const draft = this.#both(one, other)
      if (draft !== undefined && this.#gives(draft, digest)) hits.push({ codes: [one.code, other.code], draft })
    }
    const [hit, ...same] = hits
    if (hit === undefined) return undefined
    const twins = new Set(same.flatMap(({ codes }) => codes).filter((code) => !hit.codes.includes(code)))
    return { mistakes: named(hit.codes, digest), twins: [...twins], draft: hit.draft, hashes: 'string' }
  }

  #inThrees(singles: readonly Single[], digest: ReceivedDigest): Found | undefined {
    const of = (wanted: MistakeCode): Single[] => singles.filter(({ code }) => code === wanted)
    return first(TOGETHER, (codes) => first(of(codes[0]), (a) => first(of(codes[1]), (b) => first(of(codes[2]), (c) => {
      const [x, y, z] = [a, b, c].sort((one, other) => singles.indexOf(one) - singles.indexOf(other)) as [Single, Single, Single]
      const pair = this.#both(x, y)
      const draft = pair === undefined ? undefined : one(z.variant.apply(pair, this.#around))
      return draft !== undefined && !this.exhausted && this.#gives(draft, digest) ? { mistakes: named(codes, digest), twins: [], draft, hashes: 'string' } : undefined
    }))))
  }

  /** Two mistakes at once, where the one is made before the other. */
  #both(a: Single, b: Single): Draft | undefined {
    if (a.code === b.code || this.exhausted) return undefined
    const before = STAGES.indexOf(a.variant.stage) - STAGES.indexOf(b.variant.stage)
    if (before > 0 || (before === 0 && !REPEATED.has(a.variant.stage))) return undefined
    return one(b.variant.apply(a.draft, this.#around))
  }

  #gives(draft: Draft, digest: ReceivedDigest): boolean {
    return this.#hashes(stringOf(draft, 'value'), draft, digest)
  }

  #hashes(text: string, { bytes }: Draft, { algorithm, matches }: ReceivedDigest): boolean {
    this.#left -= text.length + ATTEMPT
    return matches(digestOf(algorithm, bytes === undefined ? text : bytes(text)))
  }

  #hmac(codes: readonly MistakeCode[], draft: Draft, hashes: Hashed, digest: ReceivedDigest): Found | undefined {
    const { algorithm, matches } = digest
    if (algorithm === 'md5' || this.exhausted) return undefined
    const { value } = draft.secret
    const text = hashes === 'body' ? draft.body : hashes === 'string' ? stringOf(draft, 'value') : draft.escape(templateOf(draft, value))
    this.#left -= text.length + ATTEMPT
    if (!matches(hmacOf(algorithm, value, text))) return undefined
    return { mistakes: [...codes, `hmac-${algorithm}`, ...spelling(digest)], twins: [], draft, hashes }
  }
}

/** Those that are made together in life. */
function* pairsOf(singles: readonly Single[]): Generator<[Single, Single]> {
  for (const [index, one] of singles.entries()) {
    // The other way round comes to the same.
    for (const other of singles.slice(index + 1)) if (PAIRS[one.code]?.includes(other.code) === true || PAIRS[other.code]?.includes(one.code) === true) yield [one, other]
  }
}

/** The mistakes by which a digest came about, those of its hash and its digits last. */
function named(codes: readonly MistakeCode[], digest: ReceivedDigest): MistakeCode[] {
  return [...codes, ...(digest.algorithm === 'sha1' ? [] : [digest.algorithm]), ...spelling(digest)]
}

function spelling({ spelling: wrong }: ReceivedDigest): MistakeCode[] {
  return wrong === undefined ? [] : [wrong]
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}

function listOf(made: ReturnType<Variant['apply']>): readonly Draft[] {
  if (made === undefined) return []
  return 'body' in made ? [made] : made
}

function one(made: ReturnType<Variant['apply']>): Draft | undefined {
  return listOf(made)[0]
}

function first<T, R>(list: readonly T[], find: (one: T) => R | undefined): R | undefined {
  for (const each of list) {
    const found = find(each)
    if (found !== undefined) return found
  }
  return undefined
}
