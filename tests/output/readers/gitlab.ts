// The fields of a Code Climate issue that GitLab reads (docs.gitlab.com/ci/testing/code_quality). It doesn't read the type,
// the categories and the last line.
import type { Issue, Location } from 'codeclimate-types'

type ByLine = Extract<Location, { lines: unknown }>

export type Report = (Required<Pick<Issue, 'description' | 'check_name' | 'fingerprint' | 'severity'>> & {
  location: Pick<ByLine, 'path'> & { lines: Pick<ByLine['lines'], 'begin'> }
})[]
