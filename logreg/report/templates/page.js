"use strict";
// What a reader can do with the page: sort and copy tables, change what they compare with, copy text and code, and
// use the calculator.
// Without script the page says the same; nothing here loads or sends anything.

const WORDS = {};
const MINUS = "\u2212";
const NO_NUMBER = "\u2013";

// Builds an element; text is text, never markup.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "list" && name !== "role") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Numbers as text ----------------

function shown(text) {
  return text.replace("-", MINUS);
}

function significant(x, digits = 3) {
  if (Number.isNaN(x)) return NO_NUMBER;
  if (!Number.isFinite(x)) return x > 0 ? "\u221e" : MINUS + "\u221e";
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(digits - 1).split("e");
  if (power >= -4 && power <= 6) return shown(x.toFixed(Math.max(0, digits - 1 - power)));
  const raised = [...String(+power)].map((c) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b"["0123456789-".indexOf(c)]);
  return shown(mantissa) + "\u00a0\u00d7\u00a010" + raised.join("");
}

function logitText(x) {
  return Number.isFinite(x) && (x === 0 || Math.abs(x) >= 0.01) ? shown(x.toFixed(3)) : significant(x, 2);
}

function probabilityText(p) {
  if (Number.isNaN(p)) return NO_NUMBER;
  if (p > 0 && p < 0.0005) return "<0.001";
  if (p < 1 && p > 0.9995) return ">0.999";
  return p.toFixed(3);
}

const raw = (x) => (Number.isNaN(x) ? "" : x === Infinity ? "inf" : x === -Infinity ? "-inf" : String(x));

// Copying ----------------

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text, className: "aside", "aria-hidden": "true" });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

let news;

function announce(text) {
  news.textContent = text;
}

function copyButton(words, text) {
  const button = make("button", { type: "button", className: "copy" }, words);
  let back;
  button.addEventListener("click", async () => {
    await toClipboard(text());
    button.textContent = WORDS.copied;
    announce(WORDS.copied);
    clearTimeout(back);
    back = setTimeout(() => { button.textContent = words; announce(""); }, 2000);
  });
  return button;
}

// Lines of cells with tabs between; a spreadsheet shall not take a name for a formula.
const inert = (x) => (/^[=+@-]/.test(x) && Number.isNaN(Number(x)) ? "'" + x : String(x));
const tabbed = (lines) => lines.map((line) => line.map(inert).join("\t")).join("\n") + "\n";

const plain = (element) => (element.innerText ?? element.textContent).replace(/\s+/g, " ").trim();

// Which leaf heading stands over which column, through headings that span rows and columns.
function leaves(table) {
  const rows = [...table.tHead.rows], grid = rows.map(() => []);
  rows.forEach((row, r) => {
    let place = 0;
    for (const cell of row.cells) {
      while (grid[r][place]) place++;
      for (let down = 0; down < cell.rowSpan; down++) {
        for (let across = 0; across < cell.colSpan; across++) grid[r + down][place + across] = cell;
      }
      place += cell.colSpan;
    }
  });
  return grid[grid.length - 1].map((cell, k) => ({ cell, above: grid[0][k] === cell ? null : grid[0][k] }));
}

// A table with tabs between columns, numbers with all their digits; an interval takes two columns.
function tableText(table) {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  const headings = leaves(table), width = headings.map(() => 1);
  const numbers = (cell) => (cell.dataset.value ? cell.dataset.value.split(" ") : [plain(cell)]);
  const single = (row) => row.cells.length === 1 && headings.length > 1;
  for (const row of rows) {
    if (!single(row)) [...row.cells].forEach((cell, k) => { width[k] = Math.max(width[k], numbers(cell).length); });
  }
  const head = headings.flatMap(({ cell, above }, k) => {
    const name = [above && plain(above), plain(cell)].filter(Boolean).join(": ");
    return width[k] === 2 ? [`${name}, ${WORDS.lower}`, `${name}, ${WORDS.upper}`] : [name];
  });
  const lines = rows.map((row) => (single(row) ? [plain(row)] : [...row.cells].flatMap((cell, k) => {
    const found = numbers(cell);
    return [...found, ...Array(width[k] - found.length).fill("")];
  })));
  return tabbed([head, ...lines]);
}

// Sorting ----------------

// Rows as a tree: a row governs those after it that are indented further.
function tree(rows) {
  const top = { children: [] }, open = [[-1, top]];
  for (const row of rows) {
    const depth = +(row.cells[0].dataset.indent ?? 0), node = { row, children: [] };
    while (open[open.length - 1][0] >= depth) open.pop();
    open[open.length - 1][1].children.push(node);
    open.push([depth, node]);
  }
  return top.children;
}

let collator;

function keyOf(row, column) {
  const cell = row.cells[column];
  if (!cell || row.classList.contains("group")) return null;
  if (column === 0) return plain(cell);
  if (!cell.dataset.value) return null;
  return +cell.dataset.value.split(" ")[0].replace("inf", "Infinity");
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "string" ? collator.compare(a, b) : a - b;
}

// Rows with what they govern, in the order of a column; a group stands where its first row would. Rows without a
// number come last, references stay on top of their group.
function ordered(nodes, column, sign) {
  const by = (a, b) => (a === null || b === null ? compare(a, b) : sign * compare(a, b));
  const keyed = nodes.map((node) => {
    const children = ordered(node.children, column, sign);
    const inside = children.map((child) => child.key).filter((key) => key !== null).sort(by);
    const own = column === 0 ? plain(node.row.cells[0]) : keyOf(node.row, column);
    return { row: node.row, children, key: own ?? inside[0] ?? null, first: node.row.classList.contains("reference") };
  });
  return keyed.sort((a, b) => b.first - a.first || by(a.key, b.key));
}

const flat = (nodes) => nodes.flatMap((node) => [node.row, ...flat(node.children)]);

function sortable(table) {
  const bodies = [...table.tBodies], original = bodies.map((body) => [...body.rows]);
  const rows = original.flat();
  if (rows.filter((row) => !row.classList.contains("group")).length < 3) return;
  const headings = leaves(table);
  const restore = () => {
    table.querySelectorAll("tbody.loose").forEach((body) => body.remove());
    bodies.forEach((body, k) => { body.append(...original[k]); table.append(body); });
  };
  let latest = null;
  const arrange = (column, sign) => {
    restore();
    const groups = bodies.map((body, k) => ({ body, nodes: tree(original[k]) }));
    const whole = groups.length === 1 && groups[0].nodes.length > 1;
    const units = groups.flatMap(({ nodes }) => nodes);
    const sorted = ordered(units, column, sign);
    if (whole) {
      groups[0].body.append(...flat(sorted));
      return;
    }
    bodies.forEach((body) => body.remove());
    for (const unit of sorted) table.append(make("tbody", { className: "loose" }, ...flat([unit])));
  };
  headings.forEach(({ cell }, column) => {
    const keys = new Set(rows.map((row) => keyOf(row, column)).filter((key) => key !== null));
    if (keys.size < 2) return;
    const button = make("button", { type: "button", className: "sort" }, ...cell.childNodes);
    cell.append(button);
    cell.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" }[cell.getAttribute("aria-sort")];
      headings.forEach(({ cell: other }) => { if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none"); });
      cell.setAttribute("aria-sort", next);
      latest = next === "none" ? null : [column, next === "ascending" ? 1 : -1];
      if (latest) arrange(...latest);
      else restore();
    });
  });
  table.addEventListener("switched", () => { if (latest) arrange(...latest); });
}

// Changing what tables compare with ----------------

// Captions, upper headings and cells of a table, as the page was made: its rows may be sorted later.
const parts = (table) => [table.querySelector(".caption").lastElementChild, ...table.querySelectorAll(".spanner span"),
  ...[...table.tBodies].flatMap((body) => [...body.rows]).flatMap((row) => (row.className === "group" ? [row.querySelector("span")] : [...row.cells]))];

function switchable({ question, remark, choices, tables }, strings, number) {
  const shown = tables.map(({ key, places, texts, notes }) => {
    const box = document.getElementById(`table-${key}`), table = box.querySelector("table"), all = parts(table);
    return { box, table, faces: places.map((k) => all[k]), texts, notes };
  });
  const choice = make("select", { id: `switch-${number}`, autocomplete: "off", "aria-describedby": `switch-${number}-remark` },
    ...choices.map((name, k) => make("option", { value: k }, name)));
  choice.addEventListener("input", () => {
    for (const { box, table, faces, texts, notes } of shown) {
      faces.forEach((face, k) => {
        const [text, value] = [strings[texts[choice.value][k]]].flat();
        face.textContent = text;
        if (value) face.dataset.value = value;
        else delete face.dataset.value;
      });
      box.querySelectorAll(".table-note").forEach((note) => note.remove());
      box.querySelector(".scroll").after(...notes[choice.value].map((k) => make("p", { className: "table-note" }, strings[k])));
      table.dispatchEvent(new Event("switched"));
    }
    announce(shown.map(({ table }) => plain(table.caption)).join(" "));
  });
  shown[0].box.before(make("div", { className: "actions switch" },
    make("span", { className: "field" }, make("label", { htmlFor: choice.id }, question), choice),
    make("span", { className: "hint", id: `switch-${number}-remark` }, remark)));
}

// The calculator ----------------

function calculator(place, number) {
  const model = JSON.parse(place.querySelector("script").textContent);
  const example = place.querySelector("pre"), words = model.words;
  const id = (name) => `calculator-${number}-${name}`;
  let versus = 0;

  const fields = model.inputs.map((input, k) => {
    const note = make("span", { className: "hint", id: id(`note-${k}`) });
    const label = make("label", { htmlFor: id(k) }, input.label);
    if (input.choices) {
      const control = make("select", { id: id(k) }, ...input.choices.map((name, c) => make("option", { value: c }, name)));
      return { input, note, controls: [control], box: make("div", { className: "field" }, label, control) };
    }
    const known = input.low !== null;
    const control = make("input", { id: id(k), type: "number", step: "any", "aria-describedby": note.id });
    const range = `${significantPlain(input.low)} ${words.to} ${significantPlain(input.high)}`;
    const field = { input, note, range, controls: [control], box: make("div", { className: "field" }, label, control) };
    if (known && input.low < input.high) {
      const slider = make("input", { type: "range", min: input.low, max: input.high, step: input.step, "aria-label": `${input.label}, ${words.slider}` });
      slider.addEventListener("input", () => {
        const near = +(Math.round(slider.value / input.step) * input.step).toPrecision(12);
        control.value = String(Math.min(Math.max(near, input.low), input.high));
        show();
      });
      field.slider = slider;
      field.box.append(slider);
    }
    field.box.append(note);
    return field;
  });

  function reset() {
    for (const { input, controls } of fields) controls[0].value = String(input.start);
    show();
  }

  const value = ({ controls }) => (controls[0].value.trim() === "" ? NaN : Number(controls[0].value));
  const result = make("div", { className: "result" });
  const status = make("p", { className: "answer", role: "status" });
  let latest = "";

  function note(field, x) {
    if (field.input.choices) return;
    const outside = field.range && field.input.low !== null && (x < field.input.low || x > field.input.high);
    field.box.classList.toggle("outside", Boolean(outside));
    field.note.textContent = Number.isNaN(x) ? words.missing
      : outside ? `${words.outside} (${field.range})` : field.input.low !== null ? field.range : "";
    if (field.slider) field.slider.value = x;
  }

  function show() {
    const record = fields.map(value);
    fields.forEach((field, k) => note(field, record[k]));
    let found;
    try {
      if (record.some((x) => !Number.isFinite(x))) throw new RangeError("");
      found = calculate(model, record, versus);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      latest = "";
      result.replaceChildren();
      status.textContent = error.message ? `${error.message}: ${words.no_value}` : words.missing;
      return;
    }
    const event = model.event ? 1 : found.outcomes.reduce((best, one, k, all) => (one.probability[0] > all[best].probability[0] ? k : best), 0);
    const [p, low, high] = found.outcomes[event].probability;
    const interval = Number.isNaN(low) ? "" : ` (${model.level} CI ${probabilityText(low)} ${words.to} ${probabilityText(high)})`;
    const what = model.event ? `${words.probability_of} ${model.event}: ` : `${words.likeliest}: ${model.outcomes[event]}, `;
    status.textContent = what + probabilityText(p) + interval;
    result.replaceChildren(outcomeTable(found), partTable(found));
    latest = asText(record, found);
  }

  const estimate = (texts, [x, low, high]) => {
    const cell = make("td", { className: "right" }, texts(x));
    if (!Number.isNaN(low)) cell.append(make("span", { className: "limits" }, `${texts(low)} ${words.to} ${texts(high)}`));
    return cell;
  };
  const heading = (text, side = "right") => make("th", { scope: "col", className: side }, text);
  const rowHeading = (text) => make("th", { scope: "row", className: "left" }, text);
  const framed = (caption, head, rows, foot = []) => make("div", { className: "scroll", role: "region", tabIndex: 0, "aria-label": caption },
    make("table", {}, make("caption", {}, make("span", { className: "caption" }, caption)), make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows), ...foot));

  function outcomeTable(found) {
    const rows = found.outcomes.map((one, k) => {
      const bar = make("span", { className: "bar", "aria-hidden": "true" });
      bar.style.width = `${100 * one.probability[0]}%`;
      const cell = estimate(probabilityText, one.probability);
      cell.append(bar);
      const own = k === versus ? ["1", words.baseline].map((text) => make("td", { className: "right muted" }, text))
        : [estimate((x) => significant(x), one.odds), estimate(logitText, one.logit)];
      return make("tr", {}, rowHeading(model.outcomes[k]), cell, ...own);
    });
    const interval = model.covariance ? `, ${model.level} ${words.intervals}` : "";
    return framed(`${words.results} ${model.outcomes[versus]}${interval}`, [heading(model.outcome, "left"), heading(words.probability), heading(words.odds), heading(words.logit)], rows);
  }

  const others = () => model.outcomes.map((_, k) => k).filter((k) => k !== versus);

  function partTable(found) {
    const most = Math.max(...found.parts.flatMap((part) => part.adds.map(Math.abs)).filter(Number.isFinite), 1e-9);
    const rows = found.parts.map((part) => make("tr", {}, rowHeading(part.label), ...others().map((k) => {
      const x = part.adds[k], cell = make("td", { className: "right" }, logitText(x));
      const bar = make("span", { className: x < 0 ? "bar down" : "bar", "aria-hidden": "true" });
      const size = Number.isFinite(x) ? (50 * Math.abs(x)) / most : 50; // from the middle of the cell
      bar.style.width = `${size}%`;
      bar.style.marginLeft = `${x < 0 ? 50 - size : 50}%`;
      if (x !== 0) cell.append(bar);
      return cell;
    })));
    const sums = others().map((k) => make("td", { className: "right strong" }, logitText(found.outcomes[k].logit[0])));
    rows.push(make("tr", { className: "sum" }, rowHeading(words.sum), ...sums));
    const names = others().map((k) => heading(model.event ? words.contribution : model.outcomes[k]));
    return framed(words.contributions, [heading(words.term, "left"), ...names], rows);
  }

  function asText(record, found) {
    const scales = ["probability", "odds", "logit"];
    const head = [words.outcome, ...scales.flatMap((name) => [words[name], `${words[name]}, ${WORDS.lower}`, `${words[name]}, ${WORDS.upper}`])];
    return tabbed([
      ...model.inputs.map((input, k) => [input.label, input.choices ? input.choices[record[k]] : record[k]]),
      [], head,
      ...found.outcomes.map((one, k) => [model.outcomes[k], ...scales.flatMap((name) => one[name].map(raw))]),
      [], [words.term, ...others().map((k) => model.outcomes[k])],
      ...found.parts.map((part) => [part.label, ...others().map((k) => raw(part.adds[k]))]),
    ]);
  }

  const actions = make("div", { className: "actions" });
  if (model.outcomes.length > 2) {
    const baseline = make("select", { id: id("versus") }, ...model.outcomes.map((name, k) => make("option", { value: k }, name)));
    baseline.addEventListener("input", () => { versus = +baseline.value; show(); });
    actions.append(make("span", { className: "field" }, make("label", { htmlFor: baseline.id }, words.versus), baseline));
  }
  const start = make("button", { type: "button" }, words.reset);
  start.addEventListener("click", reset);
  actions.append(start, copyButton(WORDS.copy_numbers, () => latest));
  const inputs = make("fieldset", { className: "inputs" }, make("legend", {}, words.record), ...fields.map((field) => field.box));
  inputs.addEventListener("input", show);
  place.prepend(make("div", { className: "live" }, inputs, actions, status, result));
  const fold = make("details", {}, make("summary", {}, words.example));
  example.replaceWith(fold);
  fold.append(example);
  reset();
}

const significantPlain = (x) => shown(String(x === null ? "" : +x.toPrecision(6)));

// The page ----------------

function start() {
  for (const word of document.querySelectorAll("#words [data-word]")) WORDS[word.dataset.word] = word.textContent;
  collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  news = make("div", { className: "aside", role: "status" });
  document.body.append(news);
  // A table that was scrolled shows an edge beside its first column.
  document.addEventListener("scroll", ({ target }) => target.classList?.toggle("moved", target.scrollLeft > 0), true);
  const { strings, switches } = JSON.parse(document.getElementById("switches")?.textContent ?? '{"switches":[]}');
  switches.forEach((one, k) => switchable(one, strings, k + 1));
  for (const table of document.querySelectorAll("main .table table")) {
    const box = table.closest(".table");
    box.append(copyButton(WORDS.copy_numbers, () => tableText(table)));
    sortable(table);
  }
  document.querySelectorAll("main .calculator").forEach(calculator);
  for (const code of document.querySelectorAll("main pre")) {
    if (!code.closest(".calculator")) code.after(copyButton(WORDS.copy_text, () => code.textContent));
  }
  for (const section of document.querySelectorAll("main section[data-copy]")) {
    const paragraphs = [...section.querySelectorAll(":scope > p")];
    paragraphs[paragraphs.length - 1].after(copyButton(WORDS.copy_text, () => paragraphs.map(plain).join("\n\n") + "\n"));
  }
}

if (typeof document !== "undefined") start();
