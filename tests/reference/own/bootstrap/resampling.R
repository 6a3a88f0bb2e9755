# Bootstrap and jackknife by explicit refits, and intervals by boot::boot.ci. In this folder: Rscript resampling.R
# Refits are those of ../newton.R (stationary to 1e-14); resamples are drawn by boot() itself.
source("../case.R", chdir = TRUE)
suppressPackageStartupMessages(library(boot))
data_folder <- "../../data"

# One row's outcome as indicators, baseline first; Y may also hold counts or frequencies.
fit_of <- function(X, Y) as.vector(newton(X, Y)$coef)

# The estimates with one unit fewer of each kind, `copies` times each. Units are cells of Y, or groups of rows.
jackknife <- function(X, Y, groups = NULL) {
  if (is.null(groups)) {
    cells <- which(Y > 0, arr.ind = TRUE)
    cells <- cells[order(cells[, 2], cells[, 1]), , drop = FALSE]
    copies <- Y[cells]
    values <- t(sapply(seq_len(nrow(cells)), function(u) {
      less <- Y
      less[cells[u, 1], cells[u, 2]] <- less[cells[u, 1], cells[u, 2]] - 1
      kept <- rowSums(less) > 0
      fit_of(X[kept, , drop = FALSE], less[kept, , drop = FALSE])
    }))
  } else {
    copies <- rep(1, length(unique(groups)))
    values <- t(sapply(sort(unique(groups)), function(g) fit_of(X[groups != g, ], Y[groups != g, ])))
  }
  N <- sum(copies)
  mean_ <- colSums(copies * values) / N
  moved <- sweep(values, 2, mean_)
  list(
    n_units = N, mean = mean_, bias = (N - 1) * (mean_ - fit_of(X, Y)),
    vcov = (N - 1) / N * crossprod(moved, copies * moved), values = values, copies = copies,
    acceleration = -colSums(copies * moved^3) / (6 * colSums(copies * moved^2)^1.5)
  )
}
without_values <- function(found) found[c("n_units", "mean", "bias", "vcov", "acceleration")]

# birthwt: resamples by boot(), their refits, and boot.ci with the jackknife's influences as L.
birthwt <- read_table(file.path(data_folder, "a01_birthwt.csv"))
X <- cbind(1, birthwt$age, birthwt$lwt, birthwt$smoke == "yes")
Y <- indicators(as.character(birthwt$low), c("0", "1"))
set.seed(20240229)
drawn <- boot(birthwt, function(data, index) fit_of(X[index, ], Y[index, ]), R = 199)
left <- jackknife(X, Y)
limits <- lapply(seq_len(ncol(X)), function(j) {
  lapply(c(0.8, 0.93, 0.95), function(level) {
    found <- suppressWarnings(boot.ci(drawn, level, type = c("norm", "basic", "perc", "bca"), index = j,
                                      L = left$mean[j] - rep(left$values[, j], left$copies)))
    ends <- function(row) I(unname(tail(as.vector(row), 2)))
    list(level = level, normal = ends(found$normal), basic = ends(found$basic),
         percentile = ends(found$percent), bca = ends(found$bca))
  })
})

# Three outcomes, rows as units.
womenlf <- read_table(file.path(data_folder, "a03_womenlf.csv"))
women <- jackknife(
  cbind(1, womenlf$hincome, womenlf$children == "present"),
  indicators(womenlf$partic, c("not.work", "parttime", "fulltime"))
)

# Counts of two outcomes, single applications as units.
ucb <- read_table(file.path(data_folder, "a05_ucb.csv"))
admissions <- jackknife(
  model.matrix(~ gender + dept, transform(ucb, gender = factor(gender, c("Male", "Female")))),
  cbind(ucb$rejected, ucb$admitted)
)

# Five outcomes with frequencies, animals as units.
alligators <- read_table(file.path(data_folder, "a10_alligators.csv"))
alligators <- alligators[alligators$freq > 0, ]
foods <- c("Fish", "Bird", "Invertebrate", "Other", "Reptile")
eaten <- jackknife(
  cbind(1, alligators$size == ">2.3"),
  indicators(alligators$foodchoice, foods, alligators$freq)
)

# Clusters.
contraception <- read_table(file.path(data_folder, "a08_contraception.csv"))
districts <- jackknife(
  cbind(1, contraception$age, contraception$urban == "Y"),
  indicators(contraception$use, c("N", "Y")),
  groups = contraception$district
)

writeLines(as_json(list(
  versions = list(R = as.character(getRversion()), boot = as.character(packageVersion("boot"))),
  bootstrap = list(
    estimate = drawn$t0, index = boot.array(drawn, indices = TRUE) - 1, replicates = drawn$t,
    limits = limits, jackknife_values = left$values, jackknife = without_values(left)
  ),
  womenlf = without_values(women), ucb = without_values(admissions),
  alligators = without_values(eaten), contraception = without_values(districts)
)), "resampling.json")
