# Golden values for package stat, from R and its package coin, neither of which is ours:
#   Rscript golden.R > golden.csv        (Debian: apt-get install r-base-core r-cran-coin)
# signed: differences; p two-sided and exact with Pratt's zeros and ties (coin, as doubled smaller tail); Hodges-Lehmann and the exact 95 %
#   interval of wilcox.test where there are neither ties nor zeros.
# sum: two samples; p as twice the smaller exact tail (coin); Cliff's delta by counting.
# adjust: p, and what p.adjust(method = "BH") makes of them.
suppressMessages(library(coin))
num <- function(v, digits) paste(trimws(formatC(v + 0, digits = digits, format = "g")), collapse = " ")
out <- function(kind, a, b, values) cat(kind, num(a, 7), if (length(b)) num(b, 7) else "", paste0(num(values, 17), "\n"), sep = ",")

signed <- function(x) {
  y <- rep(0, length(x))
  one <- function(alt) pvalue(wilcoxsign_test(x ~ y, distribution = "exact", zero.method = "Pratt", alternative = alt))
  p <- min(1, 2 * min(one("less"), one("greater")))
  hl <- c(NA, NA, NA)
  if (!any(x == 0) && !any(duplicated(abs(x))) && length(x) >= 6) {
    w <- wilcox.test(x, exact = TRUE, conf.int = TRUE)
    stopifnot(abs(w$p.value - p) < 1e-12)
    hl <- c(w$estimate, w$conf.int)
  }
  out("signed", x, c(), c(p, hl))
}
twosum <- function(a, b) {
  d <- data.frame(v = c(a, b), g = factor(rep(c("a", "b"), c(length(a), length(b)))))
  one <- function(alt) pvalue(wilcox_test(v ~ g, data = d, distribution = "exact", alternative = alt))
  p <- min(1, 2 * min(one("less"), one("greater")))
  delta <- mean(sign(outer(b, a, "-")))
  if (!any(duplicated(c(a, b)))) stopifnot(abs(wilcox.test(a, b, exact = TRUE)$p.value - p) < 1e-12)
  out("sum", a, b, c(p, delta))
}
set.seed(1)
signed(c(1, 2, 3, 4, 5, 6))
signed(round(c(1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30) - c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29), 6)) # Hollander and Wolfe, depression
for (n in c(6, 7, 8, 10, 12, 15, 20, 30, 49)) for (shift in c(0, 0.4)) signed(round(rnorm(n) + shift, 6))
for (n in c(3, 5, 8, 10, 20, 40)) for (shift in c(0, 1)) { # ties and zeros
  x <- round(rnorm(n) * 2 + shift)
  if (any(x != 0)) signed(x)
}
signed(c(0, 0, 0, 0, 1, 2, 3, 4, 5, 6))
signed(c(0, 0, 0, 1, 1, -1, 1, 1, 2))
for (n in c(3, 5, 8, 12, 20)) for (m in c(4, 10)) twosum(round(rnorm(n), 6), round(rnorm(m) + 0.7, 6))
for (n in c(4, 8, 13, 18)) twosum(round(rnorm(n) * 2), round(rnorm(n + 3) * 2 + 1))
p <- round(c(runif(12)^3, 0.5, 0.5, 1e-5), 6)
out("adjust", p, c(), p.adjust(p, "BH"))
