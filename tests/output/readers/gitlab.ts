// What GitLab reads of a Code Climate issue (docs.gitlab.com/ci/testing/code_quality): no type, no categories, no last line.
import type { Issue, Location } from 'codeclimate-types'

type ByLine = Extract<Location, { lines: unknown }>

export type Report = (Required<Pick<Issue, 'description' | 'check_name' | 'fingerprint' | 'severity'>> & {
  location: Pick<ByLine, 'path'> & { lines: Pick<ByLine['lines'], 'begin'> }
})[]
