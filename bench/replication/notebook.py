"""What the notebook prints: after every 500 iterations, the loss of that minibatch and the test accuracy."""

ITERATIONS = (500, 1000, 1500, 2000, 2500, 3000)

LOSS = {
    "max-same": (0.0300, 0.1113, 0.0920, 0.0716, 0.0509, 0.0702),
    "avg-same": (0.5352, 0.3302, 0.3633, 0.3510, 0.2342, 0.4409),
    "max-valid": (2.3104, 2.3122, 2.3114, 2.3200, 2.3061, 2.3001),
}
"""Variant to losses, nats, rounded to four decimals."""

ACCURACY = {
    "max-same": (97.92, 97.93, 97.81, 98.06, 98.24, 98.25),
    "avg-same": (83.68, 88.98, 90.38, 91.40, 92.24, 93.01),
    "max-valid": (93.01, 93.01, 93.01, 93.01, 93.01, 93.01),
}
"""Variant to accuracies, percent."""
