"use strict";
// Logits, odds and probabilities of one record. The module logreg.report.calculator says how; no page is needed.

const FUNCTIONS = {
  I: (x) => x, abs: Math.abs, ceil: Math.ceil, cos: Math.cos, exp: Math.exp, expm1: Math.expm1, floor: Math.floor,
  log: Math.log, log10: Math.log10, log1p: Math.log1p, log2: Math.log2, sign: Math.sign, sin: Math.sin,
  sqrt: Math.sqrt, tan: Math.tan, pmin: Math.min, pmax: Math.max,
  round: (x) => { // halves go to the even neighbour
    const below = Math.floor(x);
    return x - below === 0.5 ? 2 * Math.round(below / 2) : Math.round(x);
  },
  logit: (p) => Math.log(p / (1 - p)),
  sigmoid,
  "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b,
  "**": (a, b) => Math.pow(a, b), "//": (a, b) => Math.floor(a / b), "%": (a, b) => a - b * Math.floor(a / b),
  neg: (a) => -a,
  "==": (a, b) => +(a === b), "!=": (a, b) => +(a !== b), "<": (a, b) => +(a < b), "<=": (a, b) => +(a <= b),
  ">": (a, b) => +(a > b), ">=": (a, b) => +(a >= b),
  center: (x, mean) => x - mean, scale: (x, mean, sd) => (x - mean) / sd,
};

function sigmoid(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function logSumExp(values) {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

// One step: a number, or an operation with its operands.
function run(step, record) {
  if (typeof step === "number") return step;
  const [name, ...operands] = step;
  if (name === "input") return record[operands[0]];
  if (name === "table") return operands[1][record[operands[0]]];
  if (name === "match") return +(operands[2][record[operands[0]]] === record[operands[1]]);
  if (name === "position") return operands[1].indexOf(run(operands[0], record));
  return FUNCTIONS[name](...operands.map((operand) => run(operand, record)));
}

// The columns that a basis makes of one number.
function expand(basis, x) {
  if (basis.kind === "powers") {
    const found = [];
    for (let power = x; found.length < basis.degree; power *= x) found.push(power);
    return found;
  }
  if (basis.kind === "poly") {
    let before = 0, current = 1;
    return basis.alpha.map((shift, i) => {
      const ratio = i ? basis.norm2[i + 1] / basis.norm2[i] : 0;
      [before, current] = [current, (x - shift) * current - ratio * before];
      return current / Math.sqrt(basis.norm2[i + 2]);
    });
  }
  const piece = basis.breaks.filter((limit) => x >= limit).length;
  const u = (x - basis.centres[piece]) / basis.halves[piece];
  return basis.coefficients[piece].map((powers) => powers.reduceRight((sum, c) => sum * u + c, 0));
}

// The design row of a record, and for each column the number of its term; -1 is the intercept.
function designRow(model, record) {
  const factors = model.factors.map((factor) => {
    const value = run(factor.step, record);
    if (factor.n_levels !== null) {
      if (!(value >= 0)) throw new RangeError(factor.label);
      return value;
    }
    const columns = factor.basis ? expand(factor.basis, value) : [value];
    if (!columns.every(Number.isFinite)) throw new RangeError(factor.label);
    return columns;
  });
  const row = model.intercept ? [1] : [], owner = model.intercept ? [-1] : [];
  for (const term of model.terms) {
    let product = [1];
    for (const [factor, coding] of [...term.parts].reverse()) {
      const columns = coding ? coding[factors[factor]] : factors[factor];
      product = product.flatMap((later) => columns.map((column) => column * later));
    }
    const place = model.term_labels.findIndex(([name]) => name === term.term);
    product.forEach((value) => { row.push(value); owner.push(place); });
  }
  return { row, owner };
}

function offsetsOf(model, record) {
  const found = model.offsets.map((step) => run(step, record));
  if (!found.every(Number.isFinite)) throw new RangeError("offset");
  const total = found.reduce((sum, x) => sum + x, 0);
  return model.coefficients.map((_, k) => (model.offset_per_outcome ? found[k] : total));
}

const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/* How far the logits go that grow without bound: each outcome is 2 far ahead of the next slower one, those as fast as
   each other stay together, and the baseline stands still. */
function moves(model, row) {
  const speed = [0, ...model.direction.map((steps) => dot(steps, row))];
  const size = [0, ...model.direction.map((steps) => dot(steps.map(Math.abs), row.map(Math.abs)))];
  const fastest = Math.max(...speed.map(Math.abs));
  const tolerance = size.map((x) => model.still * Math.max(x, fastest));
  const order = speed.map((_, k) => k).sort((a, b) => speed[a] - speed[b]), place = [];
  order.forEach((k, i) => {
    const slower = i ? order[i - 1] : k;
    const ahead = speed[k] - speed[slower] > Math.max(tolerance[k], tolerance[slower]);
    place[k] = (i ? place[slower] : 0) + ahead;
  });
  return place.slice(1).map((x) => (x - place[0]) * 2 * model.far);
}

function linearPredictors(model, row, offsets) {
  const moved = model.direction ? moves(model, row) : offsets.map(() => 0);
  return model.coefficients.map((coef, k) => dot(coef, row) + offsets[k] + moved[k]);
}

// c' V_jk c for every pair of equations.
function variances(model, row) {
  const m = model.coefficients.length, p = row.length, c = row.map((x, i) => x - model.centre[i]);
  const found = Array.from({ length: m }, () => Array(m).fill(0));
  for (let j = 0; j < m; j++) {
    for (let k = 0; k < m; k++) {
      for (let a = 0; a < p; a++) {
        for (let b = 0; b < p; b++) {
          const r = j * p + a, s = k * p + b;
          found[j][k] += c[a] * c[b] * (r >= s ? model.covariance[r][s] : model.covariance[s][r]);
        }
      }
    }
  }
  return found;
}

function limits(model, centre, gradient, quadratic, map) {
  if (!quadratic || !Number.isFinite(centre)) return [NaN, NaN];
  const variance = gradient.reduce((sum, g, j) => sum + g * dot(quadratic[j], gradient), 0);
  const reach = model.critical * Math.sqrt(Math.max(variance, 0));
  return [map(centre - reach), map(centre + reach)];
}

const factorNumber = (b) => (b === "inf" ? Infinity : b === "-inf" ? -Infinity : b);

// What each column adds to each logit: nothing where it is 0 or was left out.
function contributions(model, row) {
  return (model.shown_coefficients ?? model.coefficients).map((coef) =>
    row.map((x, i) => (coef[i] === null || x === 0 ? 0 : x * factorNumber(coef[i]))));
}

/* A record holds a number or the position of a choice for each input; `versus` is the outcome that logits and odds
   compare with. Throws a RangeError that names the factor without a finite value. */
function calculate(model, record, versus = 0) {
  const { row, owner } = designRow(model, record), offsets = offsetsOf(model, record);
  const logits = linearPredictors(model, row, offsets), full = [0, ...logits];
  const quadratic = model.covariance && variances(model, row);
  const endless = model.direction !== null && Math.max(...logits.map(Math.abs)) >= model.far;
  const shift = Math.max(...full), odds = full.map((x) => Math.exp(x - shift));
  const total = odds.reduce((sum, x) => sum + x, 0), added = contributions(model, row);
  const unit = (k) => logits.map((_, j) => +(j + 1 === k));
  const outcomes = full.map((logit, k) => {
    let against = logit - full[versus];
    // Of two outcomes that are impossible alike nothing is known.
    if (model.direction && Math.abs(against) >= model.far) against *= Infinity;
    else if (model.direction && logit <= shift - model.far) against = NaN;
    const contrast = unit(k).map((g, j) => g - unit(versus)[j]);
    const rest = logSumExp(full.filter((_, j) => j !== k));
    const gradient = logits.map((l, j) => (j + 1 === k ? 1 : -Math.exp(Math.min(l - rest, 0))));
    const identity = (x) => x;
    const others = odds.reduce((sum, x, j) => (j === k ? sum : sum + x), 0);
    return {
      logit: [against, ...limits(model, against, contrast, quadratic, identity)],
      odds: [Math.exp(against), ...limits(model, against, contrast, quadratic, Math.exp)],
      probability: [odds[k] / total, ...limits(model, endless ? NaN : logit - rest, gradient, quadratic, sigmoid)],
      complement: others / total,
    };
  });
  const against = (k, values) => (k === 0 ? 0 : values[k - 1]);
  const sums = (place) => full.map((_, k) => {
    const of = (e) => (e === 0 ? 0 : added[e - 1].reduce((sum, x, i) => (owner[i] === place ? sum + x : sum), 0));
    return of(k) - of(versus);
  });
  const parts = model.term_labels.map(([, label], place) => ({ label, adds: sums(place) }));
  if (model.intercept) parts.unshift({ label: "Intercept", adds: sums(-1) });
  if (model.offsets.length) {
    parts.push({ label: "Offset", adds: full.map((_, k) => against(k, offsets) - against(versus, offsets)) });
  }
  return { row, outcomes, parts };
}
