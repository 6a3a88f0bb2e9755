"""The listed cases: what is put in, what must come of it, and the words that a message must hold.

The base table has 200 rows: ``x1 x2 x3`` normal, ``b`` 0/1, ``g`` a/b/c, ``y`` 0/1, ``ys`` no/yes, ``y3``
0/1/2, ``y3s`` p/q/r. The inputs themselves stand in ``test_listed``, ``storage`` and ``contents``; the cases
of the last family are about what only ``logreg`` has.
"""

from __future__ import annotations

from .judging import Demand, Must

#: An array of weights has no name: that of the argument does as well.
WEIGHTS = "w or weights or sample weights or sample_weight or freq_weights or var_weights"

FIT, ERROR, WARN, TELL, TRY = Must.FIT, Must.ERROR, Must.WARN, Must.TELL, Must.TRY


def _demand(title: str, must: Must, *words: str) -> Demand:
    return Demand(title=title, must=must, words=words)


def _separated(title: str, *words: str, must: Must = WARN) -> Demand:
    return Demand(title=title, must=must, words=words, infinite=True)


def _named(name: str, title: str) -> Demand:
    return Demand(title=title, must=FIT, words=(name,), shown=(name,))


FAMILIES: dict[str, dict[str, Demand]] = {
    "outcomes": {
        "O03": _demand("labels no, yes: models P(yes)", FIT, "ys", "yes"),
        "O06": _demand("5 missing outcomes", TELL, "y", "5"),
        "O07": _demand("binary fit of 0, 1, 2", ERROR, "y", "2"),
        "O08": _demand("0.3 and 0.7 without a number of trials", ERROR, "y", "0.3"),
        "O09": _demand("coded 1, 2", TRY, "y", "1", "2"),
        "O10": _demand("coded -1, 1", TRY, "y", "-1"),
        "O12": _demand("more successes than trials in 5 rows", ERROR, "s", "t or f"),
        "O13": _demand("no rows", ERROR, "rows or samples or sample(s) or observations or empty"),
        "O14": _demand("one row", ERROR, "1 or one"),
        "O18": _demand("three classes declared, one there", ERROR, "y3", "1"),
        "O20": _demand("a declared class that never occurs", FIT, "y3s"),
        "O21": _demand("'yes', 'Yes ' and 'no' in a binary fit", ERROR, "ys", "'Yes '"),
        "O22": _demand("None among labels", TELL, "ys", "5"),
        "O23": _demand("dates", ERROR, "y", "datetime or datetime64"),
        "O25": _demand("a continuous outcome as classes", ERROR, "x3", "200"),
    },
    "predictors": {
        "P05": _demand("5 missing numbers", TELL, "x1", "5"),
        "P11": _demand("numbers held as text", TELL, "x1", "200"),
        "P12": _demand("dates", ERROR, "d", "datetime or datetime64 or DateTime64DType"),
        "P13": _demand("booleans", FIT, "bb"),
        "P15": _demand("decimal.Decimal", TRY, "x1", "Decimal"),
        "P16": _demand("values of 1e300", TRY, "x1"),
        "P17": _demand("values of 1e-300", TRY, "x1"),
        "P19": _separated("a level whose outcomes are all 1", "g", "c"),
        "P20": _demand("10,000 levels of two rows", TRY, "id", "10000"),
        "P21": _demand("a declared level that never occurs", FIT, "g"),
        "P44": _demand("a column of NaN", ERROR, "x1", "200"),
        "P47": _demand("5 missing labels", TELL, "g", "5"),
        "P48": _demand("an empty text as a level", FIT, "g"),
        "P49": _demand("levels that look alike", WARN, "g", "'b '", "'b'"),
        "P53": _demand("a factor with one level", TELL, "g", "a"),
    },
    "names": {
        "P22": _named("my var (kg)", "blanks and brackets"),
        "P23": _named('it\'s "x"', "both kinds of quotes"),
        "P26": _named("a`b", "a backtick"),
        "P27": _named("__import__", "the name of a function that imports"),
        "P28": _named("line1\nline2", "a line break"),
        "P31": _demand("two columns of one name", ERROR, "x1"),
        "P33": _demand("a column `log` beside log(u)", FIT, "log"),
        "P34": _demand("a column called Intercept", TRY, "Intercept"),
    },
    "types": {
        "P35": _demand("integers beyond 2**53", TELL, "n", "2**53 or 2^53 or 9007199254740992"),
        "P36": _demand("float16", FIT, "x1"),
        "P38": _demand("a sparse column", FIT, "b"),
        "P39": _demand("row labels that repeat", FIT, "x1"),
        "P42": _demand("complex numbers", ERROR, "x1", "complex"),
        "P45": _demand("a difference of unsigned bytes", FIT, "u", "v"),
        "P46": _demand("a cube beyond 64 bits", TRY, "m"),
        "P52": _demand("intervals", FIT, "q"),
        "P56": _demand("a polars frame with nulls", TELL, "x1", "5"),
        "P57": _demand("integer codes as categories", FIT, "grp"),
    },
    "separation": {
        "S01": _separated("complete, by one predictor", "x1"),
        "S02": _separated("quasi-complete, by a 0/1 predictor", "b"),
        "S03": _separated("one class of three", "2", "x1"),
        "S06": _separated("complete, by two predictors together", "x1", "x2"),
        "S07": _separated("complete, of three classes", "x1"),
    },
    "weights": {
        "W02": _demand("five zeros", FIT, "w"),
        "W03": _demand("all zero", ERROR, WEIGHTS),
        "W07": _demand("an infinite one", ERROR, WEIGHTS, "row 3 or 3"),
        "W10": _demand("all 1e-15", FIT, "w"),
        "W11": _demand("zeros that leave one class", ERROR, "y", WEIGHTS),
        "W12": _demand("the option misspelt", ERROR, "freq_weigths"),
    },
    "formulas": {
        "M02": _demand("a bracket left open", ERROR, "( or parenthesis or parentheses or bracket"),
        "M04": _demand("C() of 200 distinct numbers", TELL, "x1", "200"),
        "M11": _demand("an empty formula", ERROR, "empty or no formula"),
        "M15": _demand("log of zero and of negative values", ERROR, "log(x1)", "row or rows"),
        "M28": _demand("log of negative values", ERROR, "log(x1)", "row or rows"),
        "M16": _demand("a term written twice", FIT),
        "M17": _demand("a typographic minus", ERROR, "−"),
        "M25": _demand("a vertical bar", ERROR, "|"),
        "M26": _demand("= instead of ~", ERROR, "="),
        "M08": _demand("a shell command on the right", ERROR, "__import__"),
        "M10": _demand("a shell command on the left", ERROR, "__import__"),
    },
    "numbers": {
        "N01": _demand("predictions at logits of 1000", FIT),
        "N02": _demand("offsets of 1000 on the right side", FIT),
        "N04": _separated("as many rows as coefficients", "20", must=TELL),
        "N06": _demand("6 events in 20,000 rows", FIT),
        "N11": Demand(title="stopped after 2 iterations", must=WARN, words=("2",), unfinished=True),
        "N14": _demand("years and incomes, unscaled", FIT),
        "N15": _demand("a constant column", TELL, "k"),
    },
    "predictions": {
        "D01": _demand("a column is not there", ERROR, "x2"),
        "D02": _demand("columns in another order", TRY, "x1", "x2"),
        "D08": _demand("categories declared in another order", FIT, "g"),
        "D09": _demand("one level only", FIT, "g"),
        "D10": _demand("one row as a dictionary", TRY, "dict"),
        "D11": _demand("polars after pandas", TRY, "polars"),
    },
    "files": {
        "X01": _demand("saved and loaded", FIT),
        "X02": _demand("the disk is full", ERROR, "/dev/full"),
        "X05": _demand("no space half-way over an older file", ERROR, "model"),
        "X06": _demand("a file with code in it", ERROR, "model"),
    },
    "hostile names": {
        "H02": _demand("HTML in a level", FIT),
        "H03": _demand("HTML in the outcome", FIT),
        "H05": _demand("the end of a script in a column", FIT),
        "H07": _demand("LaTeX specials", FIT),
        "H08": _demand("LaTeX commands", FIT),
        "H12": _demand("invisible characters", WARN, "g"),
        "H13": _demand("Markdown", FIT),
        "H14": _demand("formats in outcome levels", FIT),
    },
    "own": {
        "L01": _demand("a saved model cut off", ERROR, "model"),
        "L04": _demand("a separated model saved and loaded", FIT),
        "L05": _demand("fewer coefficients than names in the file", ERROR, "coefficients"),
        "L08": _demand("every digit and name comes back", FIT),
        "L09": _demand("a pickle is loaded", ERROR, "model"),
        "L11": _demand("no space half-way, in every format", ERROR, "model"),
        "L13": _demand("a shell command on the command line", ERROR, "__import__"),
        "L15": _demand("columns that differ by case", TRY, "X1", "x1"),
        "L18": _demand("eight threads, the same bits", FIT),
        "L19": _demand("a locale with decimal commas", FIT),
    },
}

DEMANDS: dict[str, Demand] = {case: demand for family in FAMILIES.values() for case, demand in family.items()}
