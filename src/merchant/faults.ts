import { scheduleComplaint, type Schedule } from '../notification/schedule.ts'
import { DURATION_FORMS, readDuration } from '../time/duration.ts'

/** A longer wait for an answer is a slip of the pen, and past what a timer can take. */
const LONGEST_TIMEOUT = 10 * 60_000

/** Whether a text is a URL that notifications can be sent to. */
export function urlFaults(path: string, text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return [`${path} must be an http or https URL such as http://127.0.0.1:8080, but is "${text}"`]
  }
  return url.username === '' && url.password === '' ? [] : [`${path} must not carry a user name or password`]
}

/** Whether a schedule is a retry preset's name, or a list of durations. */
export function scheduleFaults(path: string, schedule: Schedule): string[] {
  if (typeof schedule === 'string') {
    const complaint = scheduleComplaint(schedule)
    return complaint === undefined ? [] : [`${path} ${complaint}, but is "${schedule}"`]
  }
  return schedule.flatMap((wait, index) => (readDuration(wait) === undefined ? [`${path}[${index}] must be a duration such as ${DURATION_FORMS}, but is "${wait}"`] : []))
}

/** Whether a text is a time that a merchant can be given to answer. */
export function timeoutFaults(path: string, text: string): string[] {
  const length = readDuration(text)
  const fits = length !== undefined && length > 0 && length <= LONGEST_TIMEOUT
  return fits ? [] : [`${path} must be a duration of more than 0 and at most 10m, such as 10s, but is "${text}"`]
}
