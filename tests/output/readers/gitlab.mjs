// Reads a code quality report from standard input and prints it. If it doesn't match the type in gitlab.ts, prints
// the errors of `tsc --strict` instead.
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
// The report is compiled as part of a module. In an imported JSON file, the type of a severity would only be `string`.
host.readFile = path =>
  path === module ? `import type { Report } from './gitlab.ts'\nexport const report: Report = ${text}` : readFile(path)

const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([module], options, host))
if (diagnostics.length) {
  process.stderr.write(ts.formatDiagnostics(diagnostics, host))
  process.exitCode = 1
} else {
  console.log(JSON.stringify(report))
}
