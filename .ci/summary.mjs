// What a test report says: "passed failed" in the first line, then each failure with its message.
import { readFileSync } from "node:fs";

const text = readFileSync(process.argv[2], "utf8");
const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = text ? JSON.parse(text) : {};
console.log(numPassedTests, numFailedTests);
for (const { name, message, assertionResults } of testResults) {
  if (message) console.log(`failed: ${name}: ${message}`);
  for (const { status, fullName, failureMessages } of assertionResults) {
    if (status === "failed") console.log(`failed: ${name}: ${fullName}\n${failureMessages.join("\n")}`);
  }
}
