# Marginal means, their contrasts and trends from R's emmeans, for models the published cases leave out.
# Run in this folder: Rscript emmeans.R
suppressPackageStartupMessages({
  library(emmeans); library(splines); library(nnet); library(jsonlite)
})
options(digits = 17)

birthwt <- read.csv("../../data/a01_birthwt.csv")
birthwt$race <- factor(birthwt$race, c("white", "black", "other"))
for (name in c("smoke", "ht", "ui")) birthwt[[name]] <- factor(birthwt[[name]], c("no", "yes"))
womenlf <- read.csv("../../data/a03_womenlf.csv")

# emmeans finds the data again by the call, so that it names them; restarts bring the covariance to the optimum.
polish <- function(formula) {
  again <- function(start) {
    eval(bquote(glm(.(formula), binomial, birthwt, start = .(start), control = glm.control(epsilon = 1e-14, maxit = 50))))
  }
  fit <- again(NULL)
  for (k in 1:3) fit <- again(coef(fit))
  fit
}
frame <- function(x) lapply(as.list(as.data.frame(x)), function(v) if (is.factor(v)) as.character(v) else v)

result <- list()
spline <- polish(low ~ ns(age, df = 3) * smoke + race + lwt)
result$spline <- list(
  formula = "low ~ ns(age, df=3) * smoke + race + lwt",
  smoke_link = frame(emmeans(spline, ~ smoke)),
  smoke_response = frame(emmeans(spline, ~ smoke, type = "response")),
  smoke_proportional = frame(emmeans(spline, ~ smoke, weights = "proportional")),
  race_smoke_at_age = frame(emmeans(spline, ~ race * smoke, at = list(age = 30))),
  race_pairs = frame(pairs(emmeans(spline, ~ race), adjust = "tukey")),
  race_pairs_none = frame(confint(pairs(emmeans(spline, ~ race), adjust = "none"))),
  race_odds_ratios = frame(confint(pairs(emmeans(spline, ~ race), adjust = "none", reverse = TRUE), type = "response")),
  race_regrid = frame(emmeans(regrid(ref_grid(spline), "response"), ~ race))
)
poly2 <- polish(low ~ poly(lwt, 2) + race * smoke)
result$poly <- list(
  formula = "low ~ poly(lwt, 2) + race * smoke",
  race_link = frame(emmeans(poly2, ~ race, at = list(lwt = c(100, 150)))),
  smoke_proportional = frame(emmeans(poly2, ~ smoke, weights = "proportional"))
)
women <- womenlf
women$partic <- factor(women$partic, c("not.work", "parttime", "fulltime"))
women$children <- factor(women$children, c("absent", "present"))
women$region <- factor(women$region)
multi <- multinom(partic ~ hincome + children + region, women, trace = FALSE, reltol = 1e-15, maxit = 1000, Hess = TRUE)
result$womenlf <- list(
  formula = "partic ~ hincome + children + region",
  note = "nnet stops about 1e-6 from the optimum: compare to 1e-5",
  children_prob = frame(emmeans(multi, ~ partic | children, mode = "prob"))
)
result$versions <- list(R = R.version.string, emmeans = as.character(packageVersion("emmeans")),
                        nnet = as.character(packageVersion("nnet")))
writeLines(toJSON(result, digits = I(16), auto_unbox = TRUE, pretty = TRUE), "emmeans.json")
