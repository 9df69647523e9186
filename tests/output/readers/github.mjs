// Prints the workflow commands in standard input as JSON.
import { CommandsParsingStream } from 'github-action-ts-run-api/dist/stdout/CommandsParsingStream.js'

const commands = []
for await (const command of process.stdin.setEncoding('utf8').pipe(new CommandsParsingStream())) commands.push(command)
console.log(JSON.stringify(commands))
