// Reads calls from standard input, and makes them with the official Node client. Each line is a call:
//   {"call": "batches.retrieve", "args": ["batch_1"]}
// Prints a line per call: {"value": …}, or {"status": …, "code": …, "param": …, "message": …}.
import fs from "node:fs";
import readline from "node:readline";
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });

async function run(call, args) {
  switch (call) {
    case "files.create":
      return client.files.create({ file: fs.createReadStream(args[0]), purpose: args[1] });
    case "files.content":
      return (await client.files.content(args[0])).text();
    case "batches.pages": {
      const pages = [];
      for await (const page of (await client.batches.list({ limit: args[0] })).iterPages()) {
        pages.push(page.data);
      }
      return pages;
    }
    default: {
      const [resource, method] = call.split(".");
      return client[resource][method](...args);
    }
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { call, args } = JSON.parse(line);
  let answer;
  try {
    answer = { value: await run(call, args) };
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) {
      throw error;
    }
    const { status, code, param } = error;
    answer = { status, code, param, message: error.error.message };
  }
  console.log(JSON.stringify(answer));
}
