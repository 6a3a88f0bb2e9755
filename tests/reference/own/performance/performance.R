# Discrimination and calibration by R: pROC for areas and DeLong's variance, glm and nnet for the models.
# Run in this folder: Rscript performance.R
suppressMessages({library(pROC); library(nnet)})
data <- "../../../../datasets"
b <- read.csv(file.path(data, "birthwt.csv"))
w <- read.csv(file.path(data, "womenlf.csv"))
u <- read.csv(file.path(data, "ucb.csv"))
tight <- glm.control(epsilon = 1e-15, maxit = 100)

out <- list()
put <- function(name, x) out[[name]] <<- unname(unlist(x))

# Equal covariates must give equal scores whatever the order of a sum.
score <- function(x) signif(x, 12)
area <- function(y, p) roc(y, score(p), direction = "<", levels = c(0, 1), quiet = TRUE)
logit_interval <- function(a, v) plogis(qlogis(a) + c(-1, 1) * qnorm(0.975) * sqrt(v) / (a * (1 - a)))
describe <- function(name, y, p) {
  r <- area(y, p)
  a <- as.numeric(auc(r)); v <- var(r, method = "delong")
  put(paste0(name, "_auc"), c(a, sqrt(v), logit_interval(a, v)))
  brier <- mean((y - p)^2)
  put(paste0(name, "_brier"), c(brier, 1 - brier / (mean(y) * (1 - mean(y))), sum(y) / sum(p)))
}
recalibrate <- function(name, y, p) {
  l <- qlogis(p)
  shift <- glm(y ~ 1, offset = l, family = binomial, control = tight)
  slope <- glm(y ~ l, family = binomial, control = tight)
  put(paste0(name, "_shift"), c(coef(shift), confint.default(shift)))
  put(paste0(name, "_slope"), c(coef(slope)[2], confint.default(slope)[2, ]))
}
groups <- function(name, y, p, g) {
  p <- score(p)
  cuts <- quantile(p, (1:(g - 1)) / g, type = 7)
  place <- findInterval(p, cuts, left.open = TRUE)
  rows <- lapply(split(seq_along(y), place), function(i) {
    ci <- suppressWarnings(prop.test(sum(y[i]), length(i), correct = FALSE))$conf.int
    c(length(i), mean(p[i]), mean(y[i]), ci)
  })
  put(paste0(name, "_groups"), rows)
}
points <- function(name, y, p) {
  r <- area(y, p)
  # From the highest threshold to the lowest.
  put(paste0(name, "_sensitivity"), rev(r$sensitivities))
  put(paste0(name, "_specificity"), rev(r$specificities))
}

fit <- glm(low ~ age + lwt + race + smoke + ht, binomial, b, control = tight)
p <- fitted(fit)
describe("birthwt", b$low, p); groups("birthwt", b$low, p, 10); groups("birthwt5", b$low, p, 5)
points("birthwt", b$low, p)

# A model of few patterns: many ties.
few <- fitted(glm(low ~ smoke + race, binomial, b, control = tight))
describe("ties", b$low, few); groups("ties", b$low, few, 10); points("ties", b$low, few)

# Odd rows make the model, even rows test it.
odd <- seq(1, nrow(b), 2); even <- seq(2, nrow(b), 2)
half <- glm(low ~ age + lwt + smoke + ht, binomial, b[odd, ], control = tight)
p <- predict(half, b[even, ], type = "response")
describe("new", b$low[even], p); recalibrate("new", b$low[even], p); groups("new", b$low[even], p, 4)

# Frequencies: row i counts 1, 2 or 3 times.
times <- (seq_len(nrow(b)) - 1) %% 3 + 1
rows <- rep(seq_len(nrow(b)), times)
many <- b[rows, ]
p <- fitted(glm(low ~ age + lwt, binomial, many, control = tight))
describe("copies", many$low, p); groups("copies", many$low, p, 10)

# Counts: every applicant is a trial.
f <- glm(cbind(admitted, rejected) ~ dept + gender, binomial, u, control = tight)
p <- rep(fitted(f), u$admitted + u$rejected)
y <- unlist(mapply(function(a, r) rep(c(1, 0), c(a, r)), u$admitted, u$rejected))
describe("counts", y, p); groups("counts", y, p, 10)

# Several outcomes, each against the rest.
w$partic <- factor(w$partic, c("not.work", "parttime", "fulltime"))
m <- multinom(partic ~ hincome + children, w, trace = FALSE, reltol = 1e-16, abstol = 1e-16, maxit = 10000)
for (k in levels(w$partic)) {
  y <- as.numeric(w$partic == k)
  r <- roc(y, signif(fitted(m)[, k], 5), direction = "<", levels = c(0, 1), quiet = TRUE)
  put(paste0("women_", k), c(as.numeric(auc(r)), sqrt(var(r, method = "delong"))))
  put(paste0("women_brier_", k), mean((y - fitted(m)[, k])^2))
}

versions <- paste0("R ", getRversion(), ", pROC ", packageVersion("pROC"), ", nnet ", packageVersion("nnet"))
text <- vapply(names(out), function(n)
  paste0('  "', n, '": [', paste(sprintf("%.17g", out[[n]]), collapse = ", "), "]"), "")
writeLines(c("{", paste0('  "versions": "', versions, '",'), paste(text, collapse = ",\n"), "}"), "performance.json")
