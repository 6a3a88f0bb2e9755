# Bases of R's poly, bs, ns and scale on fixed inputs, in the sample and at new points within and beyond its range.
# Usage, in this folder: Rscript make.R
# Writes inputs.csv (sample, x), bases.csv (case, sample, part, column, row, value) and versions.txt.

library(splines)

digits <- function(v) sprintf("%.17g", v)

samples <- list(
  # Deterministic, irregular, without ties.
  smooth = 10 * sin(0.37 * (1:60)) + 0.1 * (1:60),
  # Whole numbers with many ties, like an age in years.
  tied = round(35 + 12 * sin(1.7 * (1:80)) + 5 * cos(0.3 * (1:80))),
  # Far from zero compared with its spread.
  shifted = 1e4 + cos(1.1 * (1:50)) + 0.01 * (1:50)
)

new_points <- function(x) {
  r <- range(x)
  w <- diff(r)
  c(r[1] - w / 4, r[1] - w / 50, r[1], r[1] + w * c(0.1, 0.37, 0.5, 0.81), r[2], r[2] + w / 50, r[2] + w / 4)
}

inner <- function(x, p) min(x) + p * diff(range(x))

cases <- list(
  poly1 = function(x) poly(x, 1),
  poly2 = function(x) poly(x, 2),
  poly3 = function(x) poly(x, 3),
  poly4 = function(x) poly(x, 4),
  poly5 = function(x) poly(x, 5),
  raw3 = function(x) poly(x, 3, raw = TRUE),
  bs = function(x) bs(x),
  bs_df4 = function(x) bs(x, df = 4),
  bs_df6 = function(x) bs(x, df = 6),
  bs_df7_intercept = function(x) bs(x, df = 7, intercept = TRUE),
  bs_df5_degree2 = function(x) bs(x, df = 5, degree = 2),
  bs_df3_degree1 = function(x) bs(x, df = 3, degree = 1),
  bs_knots = function(x) bs(x, knots = inner(x, c(0.3, 0.6))),
  bs_narrow = function(x) suppressWarnings(bs(x, df = 5, Boundary.knots = inner(x, c(0.1, 0.8)))),
  ns_df1 = function(x) ns(x, df = 1),
  ns_df2 = function(x) ns(x, df = 2),
  ns_df3 = function(x) ns(x, df = 3),
  ns_df4 = function(x) ns(x, df = 4),
  ns_knots = function(x) ns(x, knots = inner(x, c(0.25, 0.45, 0.7)))
)

at_new <- function(basis, z) suppressWarnings(matrix(predict(basis, z), nrow = length(z)))

long <- function(case, sample, part, m) {
  m <- unclass(m)
  data.frame(
    case = case, sample = sample, part = part, column = as.vector(col(m)), row = as.vector(row(m)),
    value = digits(as.vector(m))
  )
}

inputs <- NULL
bases <- NULL
for (s in names(samples)) {
  x <- samples[[s]]
  z <- new_points(x)
  inputs <- rbind(
    inputs, data.frame(sample = s, part = "sample", x = digits(x)), data.frame(sample = s, part = "new", x = digits(z))
  )
  for (k in names(cases)) {
    basis <- cases[[k]](x)
    bases <- rbind(bases, long(k, s, "sample", basis), long(k, s, "new", at_new(basis, z)))
  }
  scaled <- scale(x)
  z_scaled <- scale(z, attr(scaled, "scaled:center"), attr(scaled, "scaled:scale"))
  bases <- rbind(bases, long("scale", s, "sample", scaled), long("scale", s, "new", z_scaled))
  q <- matrix(quantile(x, seq(0, 1, by = 0.05)), ncol = 1)
  bases <- rbind(bases, long("quantile", s, "sample", q))
  coefs <- attr(poly(x, 5), "coefs")
  bases <- rbind(bases, long("alpha", s, "sample", matrix(coefs$alpha)), long("norm2", s, "sample", matrix(coefs$norm2)))
}

write.csv(inputs, "inputs.csv", row.names = FALSE, quote = FALSE)
write.csv(bases, "bases.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("splines", packageVersion("splines")), R.version$platform), "versions.txt")
