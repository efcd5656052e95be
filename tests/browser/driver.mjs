// One scenario in Chromium: node driver.mjs NAME JSON. JSON has what the scenario needs: url, the
// server's; names of images. Fails with the reason on stderr. MB_NODE_DIR holds node_modules,
// MB_SHOTS is where pictures go.
import { createRequire } from "node:module";
import { join } from "node:path";
import { scenarios } from "./scenarios.mjs";

const require = createRequire(join(process.env.MB_NODE_DIR, "/"));
const { chromium } = require("playwright-core");
const axePath = require.resolve("axe-core/axe.min.js");
const { HtmlValidate } = require("html-validate");

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// What html-validate says of the page as it was sent. Its style rules are not about what is right.
const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: { "long-title": "off", "no-inline-style": "error", "no-trailing-whitespace": "off" },
});

class Run {
  constructor(browser, given) {
    this.browser = browser;
    this.given = given;
    this.url = given.url;
    this.faults = [];
  }

  // A page of its own; what goes wrong on it fails the scenario.
  async open(options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1200, height: 900 },
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    context.setDefaultTimeout(15000);
    const page = await context.newPage();
    page.on("pageerror", (error) => this.faults.push(`script: ${error}`));
    page.on("console", (message) => {
      if (/Content.Security.Policy/i.test(message.text())) this.faults.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(this.url)) this.faults.push(`asked elsewhere: ${request.url()}`);
    });
    return page;
  }

  path(name) {
    return `${this.url}/images/${name}`;
  }

  // axe cannot run where nothing may: it gets a context without the policy.
  async audit(paths, options = {}) {
    const page = await this.open({ bypassCSP: true, ...options });
    for (const path of paths) {
      await page.goto(this.url + path);
      await page.waitForFunction(() => !document.getElementById("progress"));
      await page.evaluate(() => {
        for (const each of document.querySelectorAll("details")) each.open = true;
      });
      await page.addScriptTag({ path: axePath });
      const { violations } = await page.evaluate(
        (tags) => globalThis.axe.run({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }),
        TAGS);
      for (const each of violations)
        this.faults.push(`axe ${path}: ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.html).join(" | ")}`);
    }
    await page.context().close();
  }

  async validate(path) {
    const answer = await fetch(this.url + path);
    const report = await validator.validateString(await answer.text());
    for (const result of report.results)
      for (const each of result.messages)
        this.faults.push(`html ${path}:${each.line}: ${each.ruleId}: ${each.message}`);
  }

  async picture(page, name) {
    await page.screenshot({ path: join(process.env.MB_SHOTS, `${name}.png`), fullPage: true });
  }

  check(is, what) {
    if (!is) throw new Error(what);
  }

  equal(got, wanted, what) {
    this.check(got === wanted, `${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
  }
}

const [name, given] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.MB_CHROMIUM ?? "/usr/bin/chromium",
  args: ARGUMENTS,
});
try {
  const run = new Run(browser, JSON.parse(given));
  await scenarios[name](run);
  run.check(!run.faults.length, run.faults.join("\n"));
} catch (error) {
  console.error(error.message ?? error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
