# Binary models of low birth weight: polynomials, splines, centring and scaling, an offset, interactions without
# main effects, no intercept, sum and Helmert contrasts, missing values. Run in this folder: Rscript birthwt.R
source("case.R")
library(splines)

birthwt <- read_table("../data/a01_birthwt.csv")
birthwt$race <- factor(birthwt$race, c("white", "black", "other"))
birthwt$smoke <- factor(birthwt$smoke, c("no", "yes"))
Y <- cbind(`0` = 1 - birthwt$low, `1` = birthwt$low)
categorical <- list(race = levels(birthwt$race), smoke = levels(birthwt$smoke))

low <- function(formula, data = "data/a01_birthwt.csv", offset = NULL) {
  list(kind = "binary", formula = formula, data = data, outcome = "low", levels = c("0", "1"),
       categorical = categorical, weights = NULL, offset = offset)
}

binary_case <- function(name, title, formula, X, terms, offset = NULL, offset_column = NULL,
                        data = "data/a01_birthwt.csv", Y_ = Y, ...) {
  shift <- if (is.null(offset)) 0 else offset
  reference_case(
    name, title, low(formula, data, offset_column), X, Y_, terms,
    offset = if (is.null(offset)) NULL else matrix(offset, ncol = 1),
    crosscheck = list(glm = glm_coef(X, Y_, shift)), ...
  )
}

new_rows <- data.frame(age = c(20, 31), lwt = c(110, 175), race = c("black", "white"), smoke = c("yes", "no"))

P <- poly(birthwt$age, 3)
X <- cbind(Intercept = 1, p = P, lwt = birthwt$lwt)
new_X <- cbind(Intercept = 1, p = predict(P, new_rows$age), lwt = new_rows$lwt)
colnames(X) <- colnames(new_X) <- c("Intercept", "p1", "p2", "p3", "lwt")
binary_case("b01_poly", "Orthogonal polynomial of degree 3, with new rows", "low ~ poly(age, 3) + lwt", X,
            c(Intercept = "Intercept", p1 = "poly(age, 3)[1]", p2 = "poly(age, 3)[2]", p3 = "poly(age, 3)[3]",
              lwt = "lwt"), new_rows = new_rows, new_X = new_X)

B <- bs(birthwt$lwt, df = 5)
X <- cbind(1, B, birthwt$age)
new_X <- cbind(1, predict(B, new_rows$lwt), new_rows$age)
colnames(X) <- colnames(new_X) <- c("Intercept", paste0("b", 1:5), "age")
binary_case("b02_bs", "Cubic B-spline with 5 degrees of freedom, with new rows", "low ~ bs(lwt, df=5) + age", X,
            c(Intercept = "Intercept", setNames(sprintf("bs(lwt, df=5)[%d]", 1:5), paste0("b", 1:5)), age = "age"),
            packages = "splines", new_rows = new_rows, new_X = new_X)

N <- ns(birthwt$age, df = 3)
X <- cbind(1, N, birthwt$lwt)
new_X <- cbind(1, predict(N, new_rows$age), new_rows$lwt)
colnames(X) <- colnames(new_X) <- c("Intercept", paste0("n", 1:3), "lwt")
binary_case("b03_ns", "Natural cubic spline with 3 degrees of freedom, with new rows",
            "low ~ ns(age, df=3) + lwt", X,
            c(Intercept = "Intercept", setNames(sprintf("ns(age, df=3)[%d]", 1:3), paste0("n", 1:3)), lwt = "lwt"),
            packages = "splines", new_rows = new_rows, new_X = new_X)

X <- cbind(Intercept = 1, scaled = as.vector(scale(birthwt$age)), centred = birthwt$lwt - mean(birthwt$lwt))
new_X <- cbind(Intercept = 1, scaled = (new_rows$age - mean(birthwt$age)) / sd(birthwt$age),
               centred = new_rows$lwt - mean(birthwt$lwt))
binary_case("b04_scale_center", "scale() divides by the standard deviation with n - 1; center() subtracts the mean",
            "low ~ scale(age) + center(lwt)", X,
            c(Intercept = "Intercept", scaled = "scale(age)", centred = "center(lwt)"),
            new_rows = new_rows, new_X = new_X)

with_offset <- transform(birthwt, o = round(sin(age) + (lwt - 130) / 50, 6))
write.csv(with_offset, "birthwt_offset.csv", row.names = FALSE, quote = FALSE, na = "")
with_offset <- read_table("birthwt_offset.csv")
X <- model.matrix(~ age + race, birthwt)
binary_case("b05_offset", "Offset that varies from row to row and belongs to the null model too", "low ~ age + race", X,
            c(`(Intercept)` = "Intercept", age = "age", raceblack = "race[T.black]", raceother = "race[T.other]"),
            offset = with_offset$o, offset_column = "o", data = "own/birthwt_offset.csv")

X <- model.matrix(~ 0 + race + age, birthwt)
binary_case("b06_no_intercept", "No intercept: the factor takes all its levels", "low ~ 0 + race + age", X,
            c(racewhite = "race[white]", raceblack = "race[black]", raceother = "race[other]", age = "age"))

X <- model.matrix(~ lwt + race:lwt, birthwt)
binary_case("b07_slope_by_level", "Slopes that differ by level, without the level's main effect", "low ~ lwt + lwt:race",
            X, c(`(Intercept)` = "Intercept", lwt = "lwt", `lwt:raceblack` = "lwt:race[T.black]",
                 `lwt:raceother` = "lwt:race[T.other]"))

X <- model.matrix(~ lwt:race, birthwt)
binary_case("b08_slope_only_by_level", "One slope for every level", "low ~ lwt:race", X,
            c(`(Intercept)` = "Intercept", `lwt:racewhite` = "lwt:race[white]", `lwt:raceblack` = "lwt:race[black]",
              `lwt:raceother` = "lwt:race[other]"))

# race:smoke alone beside an intercept has full rank with 5 more columns; which 5 is a convention: the marginality
# rule expands the term to smoke + (race:smoke within the levels of smoke). R keeps all 6 and aliases one.
is <- function(race, smoke) as.numeric(birthwt$race == race & birthwt$smoke == smoke)
X <- cbind(Intercept = 1, smoke = as.numeric(birthwt$smoke == "yes"), bn = is("black", "no"), on = is("other", "no"),
           by = is("black", "yes"), oy = is("other", "yes"))
binary_case("b09_cells", "Factor by factor without main effects: one probability per cell", "low ~ race:smoke", X,
            c(Intercept = "Intercept", smoke = "smoke[T.yes]", bn = "race[T.black]:smoke[no]",
              on = "race[T.other]:smoke[no]", by = "race[T.black]:smoke[yes]", oy = "race[T.other]:smoke[yes]"))

X <- model.matrix(~ race * smoke + lwt, birthwt, contrasts.arg = list(race = contr.sum, smoke = contr.sum))
binary_case("b10_sum_contrasts", "Sum contrasts in an interaction", "low ~ C(race, contr.sum) * C(smoke, contr.sum) + lwt",
            X, c(`(Intercept)` = "Intercept", race1 = "C(race, contr.sum)[S.white]",
                 race2 = "C(race, contr.sum)[S.black]", smoke1 = "C(smoke, contr.sum)[S.no]", lwt = "lwt",
                 `race1:smoke1` = "C(race, contr.sum)[S.white]:C(smoke, contr.sum)[S.no]",
                 `race2:smoke1` = "C(race, contr.sum)[S.black]:C(smoke, contr.sum)[S.no]"))

relevelled <- transform(birthwt, race = relevel(race, ref = "other"))
X <- model.matrix(~ race * age, relevelled)
binary_case("b11_treatment_reference", "Reference level named in the formula",
            "low ~ C(race, Treatment('other')) * age", X,
            c(`(Intercept)` = "Intercept", racewhite = "C(race, Treatment('other'))[T.white]",
              raceblack = "C(race, Treatment('other'))[T.black]", age = "age",
              `racewhite:age` = "C(race, Treatment('other'))[T.white]:age",
              `raceblack:age` = "C(race, Treatment('other'))[T.black]:age"))

X <- cbind(Intercept = 1, log_lwt = log(birthwt$lwt), square = birthwt$age^2, ratio = birthwt$lwt / birthwt$age)
binary_case("b12_arithmetic", "Logarithm, power and quotient inside the formula",
            "low ~ log(lwt) + I(age**2) + I(lwt / age)", X,
            c(Intercept = "Intercept", log_lwt = "log(lwt)", square = "I(age ** 2)", ratio = "I(lwt / age)"))

# Missing values that overlap, in the outcome, in numbers and in categories; ftv is outside the formula and its
# missing values cost no rows.
gaps <- birthwt
gaps$low <- ifelse(gaps$low == 1, "yes", "no")
gaps$low[c(4, 60, 150)] <- NA
gaps$lwt[c(4, 5, 6, 61, 100)] <- NA
gaps$race[c(6, 7, 100, 189)] <- NA
gaps$smoke[c(7, 8, 60, 61)] <- NA
gaps$ftv[c(1, 2, 3, 4, 90:120)] <- NA
write.csv(gaps, "birthwt_gaps.csv", row.names = FALSE, quote = FALSE, na = "")
gaps <- read_table("birthwt_gaps.csv")
gaps$race <- factor(gaps$race, c("white", "black", "other"))
used <- gaps[complete.cases(gaps[c("low", "lwt", "race", "smoke", "age")]), ]
X <- model.matrix(~ age + lwt + race + smoke, used)
Y_used <- indicators(used$low, c("no", "yes"))
reference_case("b13_gaps", "Missing values that overlap between columns; rows complete in the formula's columns are used",
               list(kind = "binary", formula = "low ~ age + lwt + race + smoke", data = "own/birthwt_gaps.csv",
                    outcome = "low", levels = c("no", "yes"), categorical = categorical, weights = NULL, offset = NULL,
                    columns = c("low", "age", "lwt", "race", "smoke"), n_read = nrow(gaps)),
               X, Y_used,
               c(`(Intercept)` = "Intercept", age = "age", lwt = "lwt", raceblack = "race[T.black]",
                 raceother = "race[T.other]", smokeyes = "smoke[T.yes]"),
               crosscheck = list(glm = glm_coef(X, Y_used)))

# The model that the tests put on other scales: the transformed answer is exact algebra, so it is not stored.
X <- model.matrix(~ age + lwt + smoke, birthwt)
binary_case("b14_scales", "Plain model whose predictors are rescaled and shifted by the tests",
            "low ~ age + lwt + smoke", X,
            c(`(Intercept)` = "Intercept", age = "age", lwt = "lwt", smokeyes = "smoke[T.yes]"))
