# Read a run in R: python -m sandbox export runs/NAME, then Rscript examples/read_export.R runs/NAME/export
# install.packages("arrow")
library(arrow)

folder <- commandArgs(trailingOnly = TRUE)[1]
metrics <- read_parquet(file.path(folder, "metrics.parquet"))  # long: arm, seed, step, metric, value

# One number per arm and seed: the mean over steps. Seeds are the unit of every test.
stars <- subset(metrics, metric == "mean_stars")
outcome <- aggregate(value ~ arm + seed, stars, mean)
print(aggregate(value ~ arm, outcome, function(x) c(mean = mean(x), sd = sd(x), seeds = length(x))))

# Arms with the same seed share people, graph and random numbers, so contrasts between two arms are paired.
arms <- unique(outcome$arm)
if (length(arms) >= 2) {
  wide <- reshape(outcome, idvar = "seed", timevar = "arm", direction = "wide")
  print(t.test(wide[[paste0("value.", arms[1])]], wide[[paste0("value.", arms[2])]], paired = TRUE))
}
