"""What holds for every test."""

from hypothesis import HealthCheck, settings

# The first word that hypothesis invents on a fresh clone costs it a table of Unicode: 1.5 s, no fault of ours.
settings.register_profile("belplan", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("belplan")
