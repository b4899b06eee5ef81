import { launch, type Page } from "@chainrule-tools/chromium";
import type { Checks } from "./page.ts";
import { serve } from "./server.ts";

/** A browser, and pages in it with the checks that tests call. */
export interface Session {
  open(isIsolated: boolean): Promise<Page>;
  close(): Promise<void>;
}

export async function startSession(chromium: string): Promise<Session> {
  const server = await serve();
  const browser = await launch(chromium);
  return {
    async open(isIsolated) {
      const page = await browser.newPage();
      page.on("pageerror", (error) => console.error(error));
      await page.goto(server.url(isIsolated));
      await page.waitForFunction("globalThis.checks !== undefined");
      return page;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}

/** Calls a check in a page; arguments and results travel as JSON. */
export async function call<Name extends keyof Checks>(
  page: Page,
  name: Name,
  ...args: Parameters<Checks[Name]>
): Promise<Awaited<ReturnType<Checks[Name]>>> {
  const result: unknown = await page.evaluate(`checks.${name}(...${JSON.stringify(args)})`);
  return result as Awaited<ReturnType<Checks[Name]>>;
}
