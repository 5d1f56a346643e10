"""All curves, by name."""

from bench.growth import messages, names, sessions

CURVES = {curve.name: curve for curve in (*messages.CURVES, *names.CURVES, *sessions.CURVES)}
