// What people do with the pages. Each takes a Run (driver.mjs).

const text = (page, selector) => page.locator(selector).first().innerText();

// True for the life of a document: a reload forgets it.
const mark = (page) => page.evaluate(() => { globalThis.isSame = true; });
const isSame = (page) => page.evaluate(() => globalThis.isSame === true);

async function complete(page) {
  await page.waitForFunction(() => {
    const image = document.getElementById("image");
    return image?.dataset.status === "INSPECTED" && !document.getElementById("progress");
  });
}

async function open(run, name, options) {
  const page = await run.open(options);
  await page.goto(run.path(name));
  await complete(page);
  return page;
}

export const scenarios = {
  // An image that nobody has asked for: facts come without a reload.
  async first_visit(run) {
    const page = await run.open();
    await page.goto(run.path(run.given.unknown));
    await mark(page);
    run.check(await page.locator("#progress").count(), "no progress is shown");
    run.equal(await page.locator("#live").getAttribute("role"), "status", "role");
    await page.evaluate(() => {
      globalThis.steps = [];
      new MutationObserver(() => {
        const bar = document.getElementById("progress");
        if (bar) globalThis.steps.push([bar.value, bar.max]);
      }).observe(document.getElementById("live"), { attributes: true, childList: true, subtree: true });
    });
    await complete(page);
    run.check(await isSame(page), "the page was loaded again");
    run.equal(await page.locator(".layer").count(), run.given.layers, "layers");
    const steps = await page.evaluate(() => globalThis.steps);
    run.check(steps.every(([done, total]) => done <= total), `progress: ${JSON.stringify(steps)}`);
    run.check((await text(page, ".facts")).includes("Download size"), "no size");
    await page.locator(".copy button").first().waitFor();
  },

  async search(run) {
    const page = await run.open();
    await page.goto(run.url);
    run.equal(await page.evaluate(() => document.activeElement.id), "q", "focus");
    await page.keyboard.type(`docker pull ${run.given.multi}:2.0`);
    await page.keyboard.press("Enter");
    await page.waitForURL(run.path(`${run.given.multi}:2.0`));
    run.check((await text(page, "h1")).includes("demo/multi:2.0"), "heading");
    await page.fill("#q", "dem");
    await page.waitForFunction(() => document.querySelectorAll("#known option").length > 1);
    await page.keyboard.press("Enter");
    await page.locator("h1", { hasText: "Images like" }).waitFor();
    await page.locator(".names a", { hasText: run.given.hello }).click();
    await page.waitForURL(run.path(run.given.hello));
    await page.goto(`${run.url}/search?q=NOT+A+NAME`);
    run.check((await text(page, "main")).includes("no image can have it"), "reason");
    await run.picture(page, "search");
  },

  async tags_and_platforms(run) {
    const page = await open(run, run.given.multi);
    await page.locator("nav[aria-label=Platforms] a", { hasText: "linux/arm64" }).click();
    await page.waitForURL(`${run.path(run.given.multi)}?platform=linux/arm64`);
    await complete(page);
    run.check((await text(page, "#labels ~ .scroll")).includes("multi for linux/arm64"), "labels");
    run.check((await text(page, "#pull")).includes("--platform linux/arm64"), "pull line");
    await page.locator("nav[aria-label=Tags] a", { hasText: "1.0" }).click();
    await page.waitForURL(/:1\.0\?platform=linux\/arm64$/);
    await complete(page);
    run.equal(await text(page, "nav[aria-label=Tags] [aria-current]"), "1.0", "tag");
    run.equal(await text(page, "nav[aria-label=Platforms] [aria-current]"), "linux/arm64", "platform");
    await page.locator("#tags ~ .scroll td a").first().click();
    await page.waitForURL(/@sha256:[0-9a-f]{64}$/);
    run.equal(await page.locator("#pull").count(), 0, "pull lines by tag of a digest");
  },

  async compare(run) {
    const page = await open(run, `${run.given.hello}:1.1`);
    await page.locator(".views a", { hasText: "Compare" }).click();
    await page.locator("h1", { hasText: "Compare" }).waitFor();
    run.equal(await page.inputValue("[name=a]"), `${run.given.hello}:1.1`, "image A");
    await page.fill("[name=b]", `${run.given.hello}:1.2`);
    await page.locator("main button[type=submit]").click();
    await page.waitForURL(/[?&]b=/);
    const told = await text(page, "main");
    run.check(told.includes("HELLO_VERSION") && told.includes("1.2.3"), "no difference is told");
    await run.picture(page, "compare");
  },

  async dockerfile(run) {
    const page = await open(run, run.given.hello);
    await page.locator(".views a", { hasText: "Dockerfile" }).click();
    await page.waitForURL(/view=dockerfile$/);
    run.check((await text(page, "#dockerfile")).includes("EXPOSE 8080/tcp"), "no EXPOSE");
    run.equal(await text(page, ".views [aria-current]"), "Dockerfile", "view");
    await run.picture(page, "dockerfile");
  },

  async copy(run) {
    const page = await open(run, run.given.hello);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const button = page.locator("#pull + button");
    await button.click();
    run.equal(await clipboard(), `docker pull ${run.given.hello}:latest`, "clipboard");
    run.check((await button.innerText()).startsWith("Copied"), "the button does not tell");
    await page.locator("#badge-list summary").click();
    await page.locator("#badge-size + button").click();
    run.equal(await clipboard(),
      `[![size](${run.url}/badges/size/${run.given.hello}.svg)](${run.path(run.given.hello)})`, "badge");
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await page.locator("h1").click();
    await page.keyboard.press("c");
    await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("docker pull"));
  },

  // Everything without a mouse.
  async keyboard(run) {
    const page = await open(run, run.given.hello);
    const active = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
    await page.keyboard.press("Tab");
    run.equal(await active(), "skip", "first stop");
    await page.keyboard.press("Enter");
    run.equal(await active(), "main", "skip link");
    for (let stops = 0; stops < 60 && (await active()) !== "quiet"; stops++) {
      await page.keyboard.press("Tab");
      const seen = await page.evaluate(() => {
        const box = document.activeElement.getBoundingClientRect();
        const style = getComputedStyle(document.activeElement);
        return box.width > 0 && style.outlineStyle !== "none" && box.bottom > 0 && box.top < innerHeight;
      });
      run.check(seen, `the focus cannot be seen on ${await active()}`);
    }
    await page.keyboard.press("j");
    run.equal(await active(), "layer-1", "j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    run.equal(await active(), "layer-1", "k");
    await page.keyboard.press("/");
    run.equal(await active(), "q", "/");
    await page.keyboard.type("j?");
    run.equal(await page.inputValue("#q"), "j?", "keys while typing");
    await page.locator("h1").click();
    await page.keyboard.press("?");
    run.check(await page.locator("#keys").isVisible(), "no list of keys");
    await page.locator("#keys-on").uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    run.check(!(await active()).startsWith("layer"), "keys are not off");
    await page.reload();
    await page.keyboard.press("?");
    run.check(!(await page.locator("#keys").isVisible()), "keys are on again");
    await page.evaluate(() => localStorage.clear());
    await page.keyboard.press("y");
    await page.waitForURL(/@sha256:/);
  },

  // First visit and all, by refreshes of the browser.
  async no_javascript(run) {
    const page = await run.open({ javaScriptEnabled: false });
    await page.goto(run.url);
    await page.fill("#q", run.given.unknown);
    await page.click("form button");
    await page.waitForURL(run.path(run.given.unknown));
    run.check(await page.locator("progress").count(), "no progress");
    await page.locator(".layer").first().waitFor();
    await page.locator("#image[data-status=INSPECTED]").waitFor();
    await page.goto(run.path(run.given.hello));
    run.equal(await page.locator(".layer").count(), 6, "layers");
    run.equal(await page.locator("noscript").count(), 0, "refreshes of a complete page");
    await run.picture(page, "no-javascript");
  },

  async themes(run) {
    const dark = await open(run, run.given.multi, { colorScheme: "dark" });
    const ground = () => dark.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const was = await ground();
    await run.picture(dark, "dark");
    await dark.selectOption("#theme", "light");
    run.check((await ground()) !== was, "the theme does not change");
    await dark.reload();
    run.equal(await dark.inputValue("#theme"), "light", "theme kept");
    run.check((await ground()) !== was, "the theme is not kept");
    await dark.selectOption("#theme", "");
    run.equal(await ground(), was, "the system's theme");
    const light = await open(run, run.given.multi);
    await run.picture(light, "light");
    await light.goto(run.url);
    await run.picture(light, "home");
  },

  async narrow(run) {
    const page = await run.open({ viewport: { width: 360, height: 780 } });
    for (const path of run.given.paths) {
      await page.goto(run.url + path);
      const over = await page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth);
      run.equal(over, 0, `pixels too wide: ${path}`);
    }
    await page.goto(run.path(run.given.hello));
    await run.picture(page, "360px");
  },

  // The page says what happened and when it goes on; then it does, without a reload.
  async failing_registry(run) {
    const page = await run.open();
    await page.goto(run.path(run.given.failing));
    await mark(page);
    await page.locator("#live.failed").waitFor();
    const told = await text(page, "#live");
    run.check(/could not be looked into/.test(told), told);
    run.check(/tried again at \d{4}-\d\d-\d\d \d\d:\d\d/.test(told), told);
    run.check(told.includes(run.given.reason), told);
    run.check(await isSame(page), "the page was loaded again");
    await run.picture(page, "failing");
  },

  async missing(run) {
    const page = await run.open();
    await page.goto(run.path(run.given.missing));
    await page.locator("h1", { hasText: "Not found" }).waitFor();
    run.check((await text(page, "main")).includes(run.given.missing), "the name is not told");
    run.equal((await page.goto(run.path(run.given.missing))).status(), 404, "status");
    run.equal((await page.goto(run.path("UPPER"))).status(), 400, "status");
    run.check((await text(page, "h1")).includes("not the name"), "heading");
  },

  async accessible(run) {
    await run.audit(run.given.paths);
  },

  async accessible_dark(run) {
    await run.audit(run.given.paths, { colorScheme: "dark" });
  },

  async accessible_narrow(run) {
    await run.audit(run.given.paths, { viewport: { width: 360, height: 780 } });
  },

  async valid(run) {
    for (const path of run.given.paths) await run.validate(path);
  },
};
