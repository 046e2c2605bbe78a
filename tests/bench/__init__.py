"""What `make bench` measures: our executors against Wasmtime's, and the rate of a campaign.

Everything is measured in one run on one machine and shown as ratios, since times mean
little elsewhere. Start with `tests.bench.__main__`.
"""
