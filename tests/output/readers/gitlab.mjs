// Prints the code quality report that standard input is; one that is not of the type of gitlab.ts is refused, as by `tsc --strict`.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const text = readFileSync(0, 'utf8')
const report = JSON.parse(text)

const module = fileURLToPath(new URL('report.ts', import.meta.url))
const options = {
  allowImportingTsExtensions: true,
  lib: ['lib.es5.d.ts'],
  module: ts.ModuleKind.Node16,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  types: []
}
const host = ts.createCompilerHost(options)
const { readFile } = host
// The report stands in a module, for of an imported JSON file the compiler knows no more than that a severity is a string.
host.readFile = path =>
  path === module ? `import type { Report } from './gitlab.ts'\nexport const report: Report = ${text}` : readFile(path)

const wrong = ts.getPreEmitDiagnostics(ts.createProgram([module], options, host))
if (wrong.length) {
  process.stderr.write(ts.formatDiagnostics(wrong, host))
  process.exitCode = 1
} else {
  console.log(JSON.stringify(report))
}
