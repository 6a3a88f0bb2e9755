// Opens reports in Chromium: axe-core, the calculator against expected numbers, the choice
// of a baseline, sorting, copying. See check.py.
const { chromium } = require("playwright-core");
const axe = require("fs").readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const { reports, chromium: executablePath } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const schemes = ["light", "dark"], widths = [1280, 390];
let faults = 0;

function say(good, ...words) {
  if (!good) faults += 1;
  console.log(good ? "ok  " : "FAIL", ...words);
}

async function accessible(browser, report) {
  for (const colorScheme of schemes) {
    for (const width of widths) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
      const page = await context.newPage();
      await page.goto("file://" + report.path);
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run());
      say(found.violations.length === 0, report.name, colorScheme, width, `axe: ${found.violations.length} violations`,
        `${found.passes.length} rules passed`, ...found.violations.map((v) => `${v.id}: ${v.nodes[0].html}`));
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      say(wide <= 0, report.name, colorScheme, width, `page is ${wide} px wider than the screen`);
      await context.close();
    }
  }
}

const close = (a, b) => (Number.isNaN(a) ? b === null : Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)));
const numberOf = (text) => (text === "" ? NaN : Number(text.replace("inf", "Infinity")));

async function calculates(page, report) {
  let worst = 0, wrong = 0;
  for (const [record, expected] of report.records) {
    await page.evaluate((values) => {
      document.querySelectorAll(".inputs select, .inputs input[type=number]").forEach((control, k) => { control.value = values[k]; });
      document.querySelector(".inputs select, .inputs input").dispatchEvent(new Event("input", { bubbles: true }));
    }, record);
    await page.locator(".actions .copy").click();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    const lines = text.split("\n\n")[1].split("\n").slice(1).map((line) => line.split("\t").slice(1, 4).map(numberOf));
    lines.forEach((line, k) => line.forEach((x, side) => {
      if (!close(x, expected[k][side])) wrong += 1;
      if (Number.isFinite(x)) worst = Math.max(worst, Math.abs(x - expected[k][side]));
    }));
  }
  say(wrong === 0, report.name, `${report.records.length} records, largest difference of a probability or limit ${worst.toExponential(1)}`);
}

// The baseline by keyboard: the tables change, say so, and the page stays accessible.
async function switches(page, report) {
  const choice = page.locator(".switch select");
  say((await choice.count()) === (report.outcomes.length > 2 ? 1 : 0), report.name, "a choice of baseline, if there are more than two outcomes");
  if (!(await choice.count())) return;
  const captions = page.locator("#table-odds_ratios caption, #table-coefficients caption");
  for (const name of [...report.outcomes.slice(1), report.outcomes[0]]) {
    await choice.focus();
    await page.keyboard.press(name === report.outcomes[0] ? "Home" : "ArrowDown");
    const texts = await captions.allInnerTexts(), said = await page.locator(".aside[role=status]").innerText();
    const right = texts.length === 2 && texts.every((text) => text.endsWith(`against ${name} (the baseline).`) && said.includes(text));
    say(right, report.name, `by keyboard against ${name}`);
  }
  await choice.selectOption({ index: 1 });
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  say(found.violations.length === 0, report.name, "after a choice", `axe: ${found.violations.length} violations`);
  await choice.selectOption({ index: 0 });
}

async function works(browser, report) {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage(), errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") errors.push(message.text()); });
  page.on("request", (request) => { if (!request.url().startsWith("file:")) errors.push(request.url()); });
  await page.goto("file://" + report.path);
  await calculates(page, report);

  await page.locator(".actions button").first().click();
  const number = page.locator(".inputs input[type=number]").first();
  if (await number.count()) {
    await number.fill("1e6");
    say((await page.locator(".outside .hint").count()) === 1, report.name, "a value outside the data is marked");
    await number.fill("");
    say(/needed/.test(await page.locator(".answer").innerText()), report.name, "a missing value is asked for");
  }

  await switches(page, report);

  const tables = page.locator("main .table table:has(button.sort)");
  for (let t = 0; t < (await tables.count()); t++) {
    const table = tables.nth(t), before = await table.innerText();
    const buttons = table.locator("button.sort"), last = buttons.last();
    await last.focus();
    await page.keyboard.press("Enter");
    const order = await table.evaluate((element) => {
      const cells = [...element.querySelectorAll("tbody tr:not(.group):not(.reference)")].map((row) => row.lastElementChild);
      return cells.filter((cell) => cell.dataset.value).map((cell) => +cell.dataset.value.split(" ")[0]);
    });
    const grouped = await table.evaluate((element) => element.querySelector("tr.group, [data-indent]") !== null);
    const sorted = order.every((x, k) => k === 0 || order[k - 1] <= x);
    say(grouped || sorted, report.name, `table ${t + 1} sorts by its last column`);
    say((await table.locator("[aria-sort=ascending]").count()) === 1, report.name, `table ${t + 1} says how it is sorted`);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    say((await table.innerText()) === before, report.name, `table ${t + 1} returns to its own order`);
  }

  for (const copy of await page.locator("main .copy").all()) {
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await copy.click();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    if (text.trim() === "" && (await copy.locator("xpath=ancestor::div[@class='live']").count()) === 0) say(false, report.name, "a button copies nothing");
  }
  say(errors.length === 0, report.name, "no error and no request", ...errors);
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  for (const report of reports) {
    await accessible(browser, report);
    await works(browser, report);
  }
  await browser.close();
  console.log(`Chromium, axe-core ${require("axe-core/package.json").version}: ${faults} faults`);
  process.exitCode = faults ? 1 : 0;
})();
